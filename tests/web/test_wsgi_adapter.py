"""The WSGI application on the event loop: its environ, the answers that are sent, and that no client holds a thread."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pulse_analytics import config
from pulse_analytics.app import create_app
from pulse_analytics.config import BATCH_BODY_LIMIT_BYTES, BODY_LIMIT_BYTES, REPORTS_PATH, Settings
from pulse_analytics.web.wsgi_adapter import WsgiAdapter
from tests.facts import report, wait_until
from tests.loop import run
from tests.web.exchange import Exchange
from tests.web.secured import lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

JSON = ("Content-Type", "application/json")
EVERY_CLIENT_LEAVES = 12


class Streaming:
    """A WSGI application that answers with `chunks`, then with `error` if there is one, and counts its steps."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, headers: list[tuple[str, str]] | None = None):
        self.chunks = chunks
        self.error = error
        self.headers = headers or []
        self.made = 0
        self.closed = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Streaming:
        start_response("200 OK", [("Content-Type", "text/plain"), *self.headers])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.made += 1
            yield chunk
            self.go_on.wait()
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed += 1


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """A WSGI application that answers with the environ that it got."""
    given = {name: value for name, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**given, "body": environ["wsgi.input"].read().decode()}).encode()
    start_response("200 OK", [("Content-Length", str(len(text)))])
    return [text]


def given(exchange: Exchange) -> dict[str, Any]:
    """The environ that `echo` got."""
    answer: dict[str, Any] = json.loads(run(exchange.with_(WsgiAdapter(echo))).data)
    return answer


async def settled(true: Callable[[], object]) -> None:
    """Wait, without blocking the event loop, until `true()` is true; fail if it is not in time."""
    await asyncio.to_thread(wait_until, true, 10)


@pytest.fixture
def flask_adapter(tmp_path: Path) -> WsgiAdapter:
    """The whole Flask application, without Redis or a database."""
    return WsgiAdapter(create_app(Settings.parse({}, tmp_path)))


class TestEnviron:
    @pytest.mark.parametrize(
        ("path", "path_info"),
        [
            ("/a%2Fb", "/a/b"),
            ("/%FF", "/\xff"),
            ("//lead", "//lead"),
            ("/%2Flead", "//lead"),
            ("/%252F", "/%2F"),
            ("/%C3%A9", "/\xc3\xa9"),
            ("/%00", "/\x00"),
            ("/a;b", "/a;b"),
            ("/what%3F", "/what?"),
            ("/100%", "/100%"),
            ("/a+b%20c", "/a+b c"),
            ("/%zz", "/%zz"),
        ],
    )
    def test_a_path_is_decoded_once_and_byte_for_byte(self, path: str, path_info: str) -> None:
        assert given(Exchange(f"{path}?q=%2F+x"))["PATH_INFO"] == path_info
        assert given(Exchange(f"{path}?q=%2F+x"))["QUERY_STRING"] == "q=%2F+x"

    def test_without_a_raw_path_the_decoded_path_is_used(self) -> None:
        exchange = Exchange("/x")
        del exchange.scope["raw_path"]
        exchange.scope["path"] = "/é"
        assert given(exchange)["PATH_INFO"] == "/\xc3\xa9"

    def test_the_environ_names_client_server_and_protocol(self) -> None:
        environ = given(Exchange())
        assert environ["REMOTE_ADDR"] == "127.0.0.1"
        assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "80")
        assert (environ["SERVER_PROTOCOL"], environ["wsgi.url_scheme"]) == ("HTTP/1.1", "http")

    def test_the_client_of_a_unix_socket_has_no_address(self) -> None:
        exchange = Exchange()
        exchange.scope.update(client=None, server=("/run/pulse.sock", None))
        environ = given(exchange)
        assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("", "/run/pulse.sock", "")

    def test_two_cookie_headers_are_joined_by_a_semicolon(self) -> None:
        assert given(Exchange(headers=[("Cookie", "a=1"), ("Cookie", "b=2; c=3")]))["HTTP_COOKIE"] == "a=1; b=2; c=3"

    def test_any_other_repeated_header_is_joined_by_a_comma(self) -> None:
        assert given(Exchange(headers=[("Accept", "a/b"), ("Accept", "c/d")]))["HTTP_ACCEPT"] == "a/b,c/d"

    def test_a_header_with_an_underscore_cannot_pass_as_another_header(self) -> None:
        environ = given(Exchange(headers=[("X_Forwarded_For", "6.6.6.6"), ("X-Forwarded-Proto", "https")]))
        assert "HTTP_X_FORWARDED_FOR" not in environ
        assert environ["HTTP_X_FORWARDED_PROTO"] == "https"

    def test_a_header_value_that_is_not_ascii_arrives_as_latin_1(self) -> None:
        assert given(Exchange(headers=[("X-Name", "\xe9\xff")]))["HTTP_X_NAME"] == "\xe9\xff"

    def test_spaces_around_a_header_value_are_removed(self) -> None:
        assert given(Exchange(headers=[("Content-Type", " text/plain \t")]))["CONTENT_TYPE"] == "text/plain"

    def test_a_chunked_body_is_passed_whole_and_with_its_length(self) -> None:
        environ = given(Exchange(method="POST", headers=[("Transfer-Encoding", "chunked"), JSON], body=[b"ab", b"c"]))
        assert (environ["body"], environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"]) == ("abc", "3", JSON[1])
        assert "HTTP_TRANSFER_ENCODING" not in environ

    def test_a_body_that_was_already_read_is_not_read_again(self) -> None:
        exchange = Exchange(method="POST", body=[b"unread"])
        run(exchange.with_(WsgiAdapter(echo), body=b"read"))
        assert json.loads(exchange.data)["body"] == "read"
        assert exchange.received == 0

    def test_context_variables_of_the_server_are_visible_in_the_application(self) -> None:
        variable: contextvars.ContextVar[str] = contextvars.ContextVar("request_id")

        def application(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            start_response("200 OK", [])
            return [variable.get().encode()]

        async def ask() -> bytes:
            variable.set("seven")
            return (await Exchange().with_(WsgiAdapter(application))).data

        assert run(ask()) == b"seven"


class TestBodies:
    @pytest.mark.parametrize("declared", [True, False], ids=["with its length", "in chunks"])
    @pytest.mark.parametrize(
        ("path", "size"),
        [
            ("/analytics", BODY_LIMIT_BYTES + 1),
            ("/analytics", BATCH_BODY_LIMIT_BYTES + 2),
            ("/analytics/batch", BATCH_BODY_LIMIT_BYTES + 1),
            ("/analytics/batch", 3 * BATCH_BODY_LIMIT_BYTES),
        ],
    )
    def test_a_body_over_its_routes_limit_is_answered_with_flasks_413_and_closes(
        self, flask_adapter: WsgiAdapter, path: str, size: int, declared: bool
    ) -> None:
        headers = [JSON, ("Content-Length", str(size)) if declared else ("Transfer-Encoding", "chunked")]
        pieces = [bytes(min(65_536, size - start)) for start in range(0, size, 65_536)]
        exchange = run(Exchange(path, "POST", headers, pieces).with_(flask_adapter))
        assert (exchange.status, exchange.header("content-type")) == (413, "application/problem+json")
        assert exchange.header("connection") == "close"
        assert exchange.received <= BATCH_BODY_LIMIT_BYTES // 65_536 + 1

    def test_an_answer_closes_the_connection_if_the_body_was_not_read_completely(
        self, flask_adapter: WsgiAdapter
    ) -> None:
        exchange = Exchange("/healthz", body=[bytes(BATCH_BODY_LIMIT_BYTES + 1), b"more"])
        run(exchange.with_(flask_adapter))
        assert (exchange.status, exchange.header("connection")) == (200, "close")

    def test_a_body_at_the_limit_is_accepted_and_keeps_the_connection(self, flask_adapter: WsgiAdapter) -> None:
        body = b"{".ljust(BATCH_BODY_LIMIT_BYTES)
        exchange = run(Exchange("/analytics/batch", "POST", [JSON], [body]).with_(flask_adapter))
        assert (exchange.status, exchange.header("connection")) == (400, None)

    def test_a_body_that_does_not_arrive_is_a_408_that_closes(
        self, flask_adapter: WsgiAdapter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(config, "BODY_SECONDS", 0.05)
        exchange = Exchange("/analytics", "POST", [JSON], [b'{"videoId"'], whole=False)
        run(exchange.with_(flask_adapter))
        problem = json.loads(exchange.data)
        assert (exchange.status, exchange.header("connection")) == (408, "close")
        assert lacking((name.decode(), value.decode()) for name, value in exchange.sent[0]["headers"]) == []
        assert exchange.header("content-type") == "application/problem+json"
        assert set(problem) == {"type", "title", "status", "detail"}
        assert exchange.complete

    def test_a_client_that_disconnects_before_its_body_ends_is_not_answered(self) -> None:
        application = Streaming(b"x")

        async def leave() -> Exchange:
            exchange = Exchange(method="POST", body=[b"half"], whole=False)
            exchange.left.set()
            return await exchange.with_(WsgiAdapter(application))

        assert run(leave()).sent == []
        assert application.made == 0


class TestAnswers:
    def test_chunks_are_sent_one_at_a_time_and_empty_ones_are_skipped(self) -> None:
        application = Streaming(b"", b"a", b"", b"b")
        exchange = run(Exchange().with_(WsgiAdapter(application)))
        assert [message["body"] for message in exchange.sent[1:]] == [b"a", b"b", b""]
        assert (exchange.status, exchange.header("content-type"), exchange.complete) == (200, "text/plain", True)
        assert application.closed == 1

    def test_an_answer_without_a_body_is_complete(self) -> None:
        application = Streaming()
        exchange = run(Exchange().with_(WsgiAdapter(application)))
        assert (exchange.data, exchange.complete, application.closed) == (b"", True, 1)

    def test_an_answer_with_one_chunk_and_a_known_length_takes_one_step(self) -> None:
        application = Streaming(b"all", headers=[("Content-Length", "3")])
        exchange = run(Exchange().with_(WsgiAdapter(application)))
        assert len(exchange.sent) == 2
        assert (exchange.complete, application.closed) == (True, 1)

    def test_a_head_request_gets_no_body(self) -> None:
        application = Streaming(b"a", b"b")
        exchange = run(Exchange(method="HEAD").with_(WsgiAdapter(application)))
        assert (exchange.data, exchange.complete) == (b"", True)
        assert (application.made, application.closed) == (1, 1)

    def test_an_answer_has_only_the_date_that_the_server_adds(self) -> None:
        application = Streaming(b"a", headers=[("Date", "Fri, 27 Nov 2026 17:54:22 GMT")])
        assert run(Exchange().with_(WsgiAdapter(application))).header("date") is None

    def test_all_steps_run_in_one_context(self) -> None:
        variable: contextvars.ContextVar[int] = contextvars.ContextVar("step")

        def application(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
            start_response("200 OK", [])
            token = variable.set(1)
            for _ in range(20):
                yield str(variable.get()).encode()
            variable.reset(token)  # In another context this raises.

        assert run(Exchange().with_(WsgiAdapter(application))).data == b"1" * 20

    def test_an_error_before_the_first_byte_sends_nothing(self) -> None:
        application = Streaming(error=ArithmeticError())
        exchange = Exchange()
        with pytest.raises(ArithmeticError):
            run(exchange.with_(WsgiAdapter(application)))
        assert exchange.sent == []  # The server makes a 500 of it.

    def test_an_error_in_a_view_is_answered_with_flasks_500(self, tmp_path: Path) -> None:
        app = create_app(Settings.parse({}, tmp_path))
        app.add_url_rule("/bug", view_func=lambda: 1 / 0)  # type: ignore[arg-type]
        exchange = run(Exchange("/bug").with_(WsgiAdapter(app)))
        assert (exchange.status, exchange.header("content-type")) == (500, "application/problem+json")

    def test_an_error_in_mid_answer_ends_the_answer_without_its_last_part(self) -> None:
        application = Streaming(b"a", error=ArithmeticError())

        async def fail() -> Exchange:
            exchange = Exchange()
            with pytest.raises(ArithmeticError):  # The server logs it and closes the connection.
                await exchange.with_(WsgiAdapter(application))
            await settled(lambda: application.closed)
            return exchange

        exchange = run(fail())
        assert (exchange.data, exchange.complete, application.closed) == (b"a", False, 1)

    def test_an_iterable_that_cannot_be_closed_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        class Unclosable(Streaming):
            def close(self) -> None:
                raise OSError("stuck")

        async def fail() -> None:
            with pytest.raises(ArithmeticError):
                await Exchange().with_(WsgiAdapter(Unclosable(b"a", error=ArithmeticError())))
            await settled(lambda: "Could not close" in caplog.text)

        run(fail())

    def test_the_write_function_of_pep_3333_is_refused(self) -> None:
        def application(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            start_response("200 OK", [])(b"written")
            return []

        with pytest.raises(NotImplementedError):
            run(Exchange().with_(WsgiAdapter(application)))


class TestClientsThatDisconnect:
    def test_after_a_client_disconnects_its_answer_ends_at_the_next_step_and_is_closed(self) -> None:
        application = Streaming(*[b"x"] * 1000)

        async def leave() -> None:
            exchange = Exchange(reads=False)
            answering = asyncio.create_task(exchange.with_(WsgiAdapter(application)))
            await settled(lambda: exchange.data)
            exchange.left.set()
            await answering
            await settled(lambda: application.closed)

        run(leave())
        assert (application.made, application.closed) == (1, 1)

    def test_after_a_client_disconnects_a_running_step_ends_before_the_iterable_is_closed(self) -> None:
        application = Streaming(b"a", b"b", b"c")
        application.go_on.clear()

        async def leave() -> None:
            exchange = Exchange()
            answering = asyncio.create_task(exchange.with_(WsgiAdapter(application)))
            await settled(lambda: exchange.data)
            exchange.left.set()
            await answering
            assert application.closed == 0  # Its second step waits in its thread.
            application.go_on.set()
            await settled(lambda: application.closed)

        run(leave())
        assert application.made == 2

    def test_an_answer_that_the_server_cancels_is_closed(self) -> None:
        application = Streaming(*[b"x"] * 1000)

        async def cancel() -> None:
            exchange = Exchange(reads=False)
            answering = asyncio.create_task(exchange.with_(WsgiAdapter(application)))
            await settled(lambda: exchange.data)
            answering.cancel()
            with pytest.raises(asyncio.CancelledError):
                await answering
            await settled(lambda: application.closed)

        run(cancel())
        assert application.made == 1

    def test_after_a_client_disconnects_its_reads_are_not_started_but_its_changes_are(self) -> None:
        begun: list[str] = []
        free = threading.Event()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            begun.append(environ["REQUEST_METHOD"])
            free.wait()
            start_response("200 OK", [])
            return [b"done"]

        async def leave() -> None:
            adapter = WsgiAdapter(application)
            first = [Exchange(REPORTS_PATH) for _ in range(config.REPORT_THREADS)]
            running = [asyncio.create_task(exchange.with_(adapter)) for exchange in first]
            await settled(lambda: len(begun) == len(first))
            queued = [Exchange(REPORTS_PATH, method) for method in ["GET"] * EVERY_CLIENT_LEAVES + ["POST"]]
            waiting = [asyncio.create_task(exchange.with_(adapter)) for exchange in queued]
            await asyncio.sleep(0.05)
            for exchange in queued:
                exchange.left.set()
            await asyncio.wait(waiting[:-1])
            free.set()
            await asyncio.gather(*running, *waiting)

        run(leave())
        assert sorted(begun) == ["GET"] * config.REPORT_THREADS + ["POST"]


class TestThreads:
    def test_clients_that_stop_reading_hold_no_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "WSGI_THREADS", 1)
        application = Streaming(*[b"x"] * 10)

        async def stop() -> None:
            adapter = WsgiAdapter(application)
            stopped = [Exchange(reads=False) for _ in range(100)]
            answering = [asyncio.create_task(exchange.with_(adapter)) for exchange in stopped]
            await settled(lambda: all(exchange.data for exchange in stopped))
            assert (await Exchange().with_(adapter)).data == b"x" * 10
            for exchange in stopped:
                exchange.reads.set()
            await asyncio.gather(*answering)
            assert all(exchange.data == b"x" * 10 and exchange.complete for exchange in stopped)

        run(stop())
        assert application.closed == 101

    def test_clients_that_stop_reading_a_file_hold_no_thread_and_the_file_is_closed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(config, "WSGI_THREADS", 1)
        (tmp_path / "videos").mkdir()
        film = bytes(range(256)) * 2000
        (tmp_path / "videos/film.mp4").write_bytes(film)
        app = create_app(Settings.parse({}, tmp_path))
        app.config["SITE_DIST"] = tmp_path

        async def stop() -> None:
            adapter = WsgiAdapter(app)
            stopped = Exchange("/videos/film.mp4", reads=False)
            answering = asyncio.create_task(stopped.with_(adapter))
            await settled(lambda: stopped.data)
            part = await Exchange("/videos/film.mp4", headers=[("Range", "bytes=70000-139999")]).with_(adapter)
            assert (part.status, part.data) == (206, film[70_000:140_000])
            stopped.reads.set()
            await answering
            assert stopped.data == film
            assert len(stopped.sent) == 1 + -(-len(film) // config.FILE_BLOCK_BYTES)

        run(stop())  # A file left open is a ResourceWarning, which is an error.

    def test_reports_do_not_wait_for_exports_nor_short_answers_for_either(self) -> None:
        slow = threading.Event()

        def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
            if environ["PATH_INFO"] in {config.EXPORT_PATH, f"{REPORTS_PATH}/top"}:
                slow.wait()
            start_response("200 OK", [])
            return [b"all"]

        async def ask() -> None:
            adapter = WsgiAdapter(application)
            slow_ones = [Exchange(path) for path in [config.EXPORT_PATH] * 20 + ["/admin/%61nalytics/top"] * 20]
            tasks = [asyncio.create_task(exchange.with_(adapter)) for exchange in slow_ones[:20]]
            try:
                async with asyncio.timeout(1):
                    await asyncio.sleep(0.05)
                    assert (await Exchange(f"{REPORTS_PATH}/series").with_(adapter)).data == b"all"
                    tasks += [asyncio.create_task(exchange.with_(adapter)) for exchange in slow_ones[20:]]
                    await asyncio.sleep(0.05)
                    assert (await Exchange("/healthz").with_(adapter)).data == b"all"
            finally:
                slow.set()
            await asyncio.gather(*tasks)
            assert all(exchange.complete for exchange in slow_ones)

        run(ask())

    def test_an_invalid_report_does_not_wait_for_slow_bodies(self, flask_adapter: WsgiAdapter) -> None:
        async def ask() -> None:
            slow = [Exchange("/analytics", "POST", [JSON], [b"{"], whole=False) for _ in range(60)]
            waiting = [asyncio.create_task(exchange.with_(flask_adapter)) for exchange in slow]
            await asyncio.sleep(0)
            body = json.dumps(report(ts="soon")).encode()
            answer = await Exchange("/analytics", "POST", [JSON], [body]).with_(flask_adapter)
            assert (answer.status, json.loads(answer.data)["errors"][0]["field"]) == (400, "ts")
            for exchange in slow:
                exchange.left.set()
            await asyncio.gather(*waiting)

        run(ask())

    def test_an_idle_adapter_has_no_thread(self) -> None:
        before = threading.active_count()
        WsgiAdapter(echo)
        assert threading.active_count() == before
