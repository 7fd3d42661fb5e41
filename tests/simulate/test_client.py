"""How a client reacts to each answer, and how the tally counts it, against a real server on loopback."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.events import DEFAULT_EVENT
from pulse_analytics.simulate.client import Client, Status
from pulse_analytics.simulate.plan import Report
from pulse_analytics.simulate.tally import Tally, Viewer

from .conftest import DROP, STALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .conftest import Api

REPORT = Report("v1", "alice", 1_000)
COME_BACK = Report("v1", "alice", 2_000)
OTHER_VIDEO = Report("v2", "alice", 3_000)
OTHER_EVENT = Report("v1", "alice", 1_000, "video_started")


def half(**counts: int) -> dict[tuple[str, str], int]:
    """These counts of videos, of DEFAULT_EVENT."""
    return {(video_id, DEFAULT_EVENT): count for video_id, count in counts.items()}


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    client = Client(api.url, threading.Event(), timeout_seconds=0.2, patience_seconds=5)
    yield client
    client.close()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def send(client: Client, tally: Tally) -> Callable[..., Status]:
    """Send a viewer's report and note the answer."""
    viewer = Viewer(tally)

    def send(report: Report) -> Status:
        reply = client.post(report)
        viewer.note([report], reply)
        return reply.statuses[0]

    return send


@pytest.fixture
def send_batch(client: Client, tally: Tally) -> Callable[..., Sequence[Status]]:
    viewer = Viewer(tally)

    def send_batch(*reports: Report) -> Sequence[Status]:
        reply = client.post_batch(reports)
        viewer.note(reports, reply)
        return reply.statuses

    return send_batch


def test_a_report_is_what_the_player_sends(api: Api, send: Callable[[Report], Status]) -> None:
    assert send(REPORT) is Status.QUEUED
    assert api.paths == ["/analytics"]
    assert json.loads(api.bodies[0]) == {"videoId": "v1", "event": "watched_50_percent", "userId": "alice", "ts": 1_000}


def test_a_path_in_the_servers_url_is_kept(api: Api) -> None:
    client = Client(f"{api.url}/pulse/", threading.Event())
    assert client.is_anyone_there()
    client.post(REPORT)
    client.close()
    assert api.paths == ["/pulse/analytics"]


def test_202_is_accepted_and_200_a_duplicate(api: Api, send: Callable[[Report], Status], tally: Tally) -> None:
    assert [send(REPORT), send(COME_BACK), send(REPORT)] == [Status.QUEUED, Status.DUPLICATE, Status.DUPLICATE]
    assert (tally.accepted["v1", DEFAULT_EVENT], tally.duplicates, tally.answered, tally.retries) == (1, 2, 3, 0)


def test_after_503_the_same_bytes_are_sent_again_after_retry_after(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.script(503, Retry_After="1")
    began = time.monotonic()
    assert send(REPORT) is Status.QUEUED
    assert 1 <= time.monotonic() - began < 5
    assert len(api.bodies) == 2
    assert len(set(api.bodies)) == 1
    assert (tally.accepted["v1", DEFAULT_EVENT], tally.retries) == (1, 1)


@pytest.mark.parametrize("outcome", [DROP, STALL, 502, 503, 504])
def test_200_after_an_unclear_outcome_is_accepted(
    outcome: int, api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.script(outcome, accepts=True)
    assert send(REPORT) is Status.DUPLICATE
    assert tally.accepted == api.counts == half(v1=1)
    assert tally.inferred == half(v1=1)
    assert tally.duplicates == 0


@pytest.mark.parametrize("outcome", [DROP, STALL, 503])
def test_202_after_an_unclear_outcome_counts_once(
    outcome: int, api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.script(outcome)
    assert send(REPORT) is Status.QUEUED
    assert tally.accepted == api.counts == half(v1=1)
    assert tally.inferred.total() == 0


@pytest.mark.parametrize("status", [408, 429])
def test_200_after_a_408_or_429_is_a_duplicate(
    status: int, api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.claims.add(("v1", "alice", DEFAULT_EVENT))
    api.script(status)
    assert send(REPORT) is Status.DUPLICATE
    assert (tally.accepted.total(), tally.duplicates, tally.retries) == (0, 1, 1)


def test_after_an_accepted_report_a_second_session_with_an_unclear_outcome_is_a_duplicate(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    send(REPORT)
    api.script(503)
    send(COME_BACK)
    assert tally.accepted == api.counts == half(v1=1)
    assert tally.duplicates == 1


def test_after_a_duplicate_a_second_session_with_an_unclear_outcome_is_a_duplicate(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.claims.add(("v1", "alice", DEFAULT_EVENT))
    send(REPORT)
    api.script(DROP)
    send(COME_BACK)
    assert (tally.accepted.total(), tally.duplicates) == (0, 2)


def test_an_accepted_report_on_one_video_does_not_make_another_video_a_duplicate(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    send(REPORT)
    api.script(DROP, accepts=True)
    send(OTHER_VIDEO)
    assert tally.accepted == api.counts == half(v1=1, v2=1)


def test_a_report_that_is_queued_twice_counts_once(api: Api, send: Callable[[Report], Status], tally: Tally) -> None:
    send(REPORT)
    api.claims.clear()  # Redis lost its keys; the database's primary key still prevents a second count.
    assert send(REPORT) is Status.QUEUED
    assert tally.accepted == api.counts == half(v1=1)
    api.claims.clear()
    send(COME_BACK)
    assert tally.accepted == api.counts == half(v1=2)


def test_400_is_refused_with_its_reason_and_not_sent_again(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    api.script(400, body={"title": "videoId is too long"})
    assert send(REPORT) is Status.REFUSED
    assert len(api.bodies) == 1
    assert (tally.refused, tally.answered, tally.accepted.total()) == (1, 1, 0)
    assert "400" in tally.reasons[0]
    assert "videoId is too long" in tally.reasons[0]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"status": "queued"}),
        (202, {"status": "duplicate"}),
        (202, {}),
        (204, None),
        (200, "hi"),
        (301, {}),
        (500, {}),
    ],
)
def test_an_answer_that_the_api_does_not_define_is_refused(
    status: int, body: object, api: Api, send: Callable[[Report], Status]
) -> None:
    api.script(status, body=body)
    assert send(REPORT) is Status.REFUSED


def test_only_the_first_reasons_are_kept(api: Api, send: Callable[[Report], Status], tally: Tally) -> None:
    for number in range(9):
        api.script(400, body=number)
        send(REPORT)
    assert tally.refused == 9
    assert len(Tally.total([tally, tally]).reasons) == 5


def test_after_the_clients_patience_the_outcome_is_unknown(api: Api, tally: Tally) -> None:
    for _ in range(20):
        api.script(503, accepts=True)
    client = Client(api.url, threading.Event(), patience_seconds=0.5)
    Viewer(tally).note([REPORT], client.post(REPORT))
    client.close()
    assert (tally.unknown, tally.answered, tally.accepted.total()) == (1, 0, 0)
    assert tally.reasons == ["503"]


def test_a_retry_after_longer_than_the_clients_patience_is_not_waited_for(api: Api) -> None:
    api.script(503, Retry_After="3600")
    client = Client(api.url, threading.Event())
    began = time.monotonic()
    assert client.post(REPORT).statuses == (Status.UNKNOWN,)
    client.close()
    assert time.monotonic() - began < 10


def test_an_invalid_retry_after_is_ignored(api: Api, send: Callable[[Report], Status]) -> None:
    api.script(503, Retry_After="soon")
    assert send(REPORT) is Status.QUEUED


def test_a_stop_ends_the_wait_for_a_retry(api: Api) -> None:
    stop = threading.Event()
    client = Client(api.url, stop)
    api.script(503, Retry_After="30")
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    assert client.post(REPORT).statuses == (Status.UNKNOWN,)
    client.close()
    assert time.monotonic() - began < 10


def test_a_refused_connection_is_a_clear_outcome() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    client = Client(url, threading.Event(), patience_seconds=0.5)
    reply = client.post(REPORT)
    assert (reply.statuses, reply.unclear) == ((Status.UNKNOWN,), False)
    assert reply.retries >= 1
    assert "no connection" in reply.why
    assert not client.is_anyone_there()
    client.close()


def test_a_slow_server_counts_as_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(f"http://127.0.0.1:{silent.getsockname()[1]}", threading.Event(), timeout_seconds=0.1)
        assert client.is_anyone_there()
        client.close()


def test_a_batch_is_read_in_order(api: Api, send_batch: Callable[..., Sequence[Status]], tally: Tally) -> None:
    api.claims.add(("v2", "alice", DEFAULT_EVENT))
    assert send_batch(REPORT, OTHER_VIDEO, COME_BACK) == [Status.QUEUED, Status.DUPLICATE, Status.DUPLICATE]
    assert api.paths == ["/analytics/batch"]
    assert tally.accepted == half(v1=1)
    assert tally.duplicates == 2


def test_a_batch_after_an_unclear_outcome_counts_each_claim_once(
    api: Api, send_batch: Callable[..., Sequence[Status]], tally: Tally
) -> None:
    api.script(503, accepts=True)
    send_batch(REPORT, REPORT, COME_BACK, OTHER_VIDEO)
    assert tally.accepted == api.counts == half(v1=1, v2=1)
    assert tally.duplicates == 2


def test_an_invalid_report_in_a_batch_is_refused_alone(
    api: Api, send_batch: Callable[..., Sequence[Status]], tally: Tally
) -> None:
    api.script(202, body={"results": [{"status": "invalid", "errors": "ts"}, {"status": "queued"}]})
    assert send_batch(REPORT, OTHER_VIDEO) == [Status.REFUSED, Status.QUEUED]
    assert tally.accepted == half(v2=1)
    assert "invalid" in tally.reasons[0]


@pytest.mark.parametrize("body", [{"results": [{"status": "queued"}]}, {"results": "queued"}, {}, [], "queued"])
def test_a_batch_whose_results_do_not_match_its_reports_is_refused(
    body: object, api: Api, send_batch: Callable[..., Sequence[Status]]
) -> None:
    api.script(202, body=body)
    assert send_batch(REPORT, OTHER_VIDEO) == (Status.REFUSED, Status.REFUSED)


def test_a_batch_without_an_answer_is_unknown_report_by_report(api: Api, tally: Tally) -> None:
    api.script(503, Retry_After="60")
    client = Client(api.url, threading.Event(), patience_seconds=1)
    Viewer(tally).note([REPORT, OTHER_VIDEO], client.post_batch([REPORT, OTHER_VIDEO]))
    client.close()
    assert tally.unknown == 2


def test_each_event_of_a_viewer_and_a_video_is_claimed_and_counted_by_itself(
    api: Api, send: Callable[[Report], Status], tally: Tally
) -> None:
    send(REPORT)
    api.script(503, accepts=True)
    assert send(OTHER_EVENT) is Status.DUPLICATE
    assert send(COME_BACK) is Status.DUPLICATE
    assert tally.accepted == api.counts == {**half(v1=1), OTHER_EVENT.counter: 1}
    assert (tally.duplicates, tally.inferred) == (1, {("v1", DEFAULT_EVENT): 0, OTHER_EVENT.counter: 1})
