"""Sends all requests of the catalogue and compares the answers with a recording."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tests.contract.answers import Answer, Reduced, line_of, reduce_answer
from tests.contract.ask import CSRF, Ask, Group
from tests.web.secured import lacking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.contract.expected_changes import Change
    from tests.facts import Facts

RECORDING = Path(__file__).parent / "answers-0.1.0.json"

_CURSOR = re.compile("<nextCursor of (.*)>")


class Client(Protocol):
    """Sends requests to the application, as Flask's test client does; keeps no cookies and follows no redirects."""

    def open(
        self, path: str, /, *, method: str, headers: list[tuple[str, str]], data: bytes, buffered: bool
    ) -> Answer: ...


class Exchange(NamedTuple):
    """A request and its answer."""

    ask: Ask
    answer: Reduced
    lacking: list[str]
    """Security headers that the answer has not."""


#: What was asked and answered, by `GROUP: NAME`.
Exchanges = dict[str, Exchange]


def replay(client: Client, facts: Facts, groups: Iterable[Group]) -> Exchanges:
    """Send the requests of all groups in turn."""
    exchanges: Exchanges = {}
    for group in groups:
        facts.redis.flushall()
        group.before(facts)
        sender = _Sender(client)
        for ask in group.asks:
            name = f"{group.name}: {ask.name}"
            assert name not in exchanges, f"Two requests are called {name!r}."
            answer = sender.send(ask)
            exchanges[name] = Exchange(ask, reduce_answer(answer), lacking(answer.headers))
    return exchanges


def differences(exchanges: Exchanges, recorded: Mapping[str, Reduced], changes: Mapping[str, Change]) -> list[str]:
    """Each answer that is neither as recorded nor changed as expected, described in words."""
    unknown = (set(recorded) | set(changes)) - set(exchanges)
    found = [
        f"{name}\n  is in the recording or the table of expected changes, but not in the catalogue"
        for name in sorted(unknown)
    ]
    for name, (ask, answer, _) in exchanges.items():
        change = changes.get(name)
        expected = change.answer if change else recorded.get(name, {})
        if answer != expected:
            found.append(_difference(name, ask, expected, answer))
        elif change and answer == recorded.get(name):
            found.append(f"{name}\n  is in the table of expected changes, but answers as recorded")
    return found


def read_recording(path: Path) -> dict[str, Reduced]:
    """The answers by `GROUP: NAME`."""
    recorded: dict[str, Reduced] = json.loads(path.read_text(encoding="ascii"))
    return recorded


def write_recording(path: Path, exchanges: Exchanges) -> None:
    """Write the answers as JSON, one on a line."""
    lines = [f"{json.dumps(name)}: {line_of(exchange.answer)}" for name, exchange in exchanges.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


def _difference(name: str, ask: Ask, expected: Reduced, got: Reduced) -> str:
    """The request, and only those parts of both answers that differ."""
    sent = f"{ask.method} {ask.path[:200]}" + (f" with {ask.body[:200]!r}" if ask.body else "")
    lines = [name, f"  sent      {sent}"]
    if not expected:
        return "\n".join([*lines, "  expected  (not in the recording)", f"  got       {line_of(got)}"])
    old, new = _flat(expected), _flat(got)
    for part in [part for part in old | new if old.get(part) != new.get(part)]:
        lines += [f"  expected  {part}: {old.get(part, '(none)')}", f"  got       {part}: {new.get(part, '(none)')}"]
    return "\n".join(lines)


def _flat(answer: Reduced) -> dict[str, str]:
    """The parts of an answer by name: the status, each header, the body."""
    parts = {"status": answer["status"], **answer["headers"]}
    return {name: str(value) for name, value in parts.items()} | {"body": json.dumps(answer.get("body"))}


class _Sender:
    """Sends the requests of a group, and keeps the parts of answers that later requests need."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._cookies: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._csrf_tokens: dict[str, str] = {}
        self._cursors: dict[str, str] = {}

    def send(self, ask: Ask) -> Answer:
        path = _CURSOR.sub(lambda found: self._cursors[found[1]], ask.path)
        answer = self._client.open(path, method=ask.method, headers=self._headers(ask), data=ask.body, buffered=True)
        self._remember(ask, answer)
        return answer

    def _headers(self, ask: Ask) -> list[tuple[str, str]]:
        headers = {
            name: self._csrf_tokens[ask.browser] if value == CSRF else value for name, value in ask.headers.items()
        }
        if cookies := self._cookies.get(ask.browser):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return list(headers.items())

    def _remember(self, ask: Ask, answer: Answer) -> None:
        body = _json_of(answer)
        if body.get("nextCursor"):
            self._cursors[ask.name] = body["nextCursor"]
        if not ask.browser:
            return
        if "csrfToken" in body:
            self._csrf_tokens[ask.browser] = body["csrfToken"]
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._keep(self._cookies[ask.browser], SimpleCookie(value))

    @staticmethod
    def _keep(cookies: dict[str, str], given: SimpleCookie) -> None:
        for name, morsel in given.items():
            cookies.pop(name, None)
            if morsel["max-age"] != "0":
                cookies[name] = morsel.value


def _json_of(answer: Answer) -> dict[str, Any]:
    """The answer's members, if it is a JSON object."""
    types = [value for name, value in answer.headers if name.lower() == "content-type"]
    if types != ["application/json"] or not answer.data:
        return {}
    body = json.loads(answer.data)
    return body if isinstance(body, dict) else {}
