"""Hostile requests, as bytes: those of tests/contract, corrupted at random."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

from tests.contract.ask import CSRF
from tests.contract.catalogue import GROUPS
from tests.web.test_no_500 import HEADERS, METHODS, PATHS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

CORPUS = [ask for group in GROUPS if "trouble" not in group.name for ask in group.asks if "<nextCursor" not in ask.path]
"""All routes, the right and the wrong way."""

_MOST_BYTES = 2_000_000
"""Of a body. Over 1 MiB it is refused, and closed 2 s later: by then a client must have sent the rest."""
_REPEATED_BYTES = 4_000
"""Of a body, at most, what is repeated up to 501 times: what was repeated before would fill the memory."""
_SIZES = (0, 1, 127, 128, 129, 16_384, 16_385, 70_000)
_NUMBERS = (b"-1", b"0", b"1e400", b"NaN", b"9" * 400, b"18446744073709551616", b"253402300800000", b"1.0", b"true")
_WORDS = (
    b"\0",
    b"\xff\xfe",
    b"\\ud800",
    b"\\u0000",
    b'"',
    b"{",
    b"[" * 2000,
    b"null",
    b"//",
    b"/../",
    b"%00",
    b"%2F",
    b"\r\n",
    b"\xf0\x9f",
)
_TYPES = (
    "application/json",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain, a/b",
    "",
)
_ENCODINGS = ("gzip", "br", "identity", "deflate, gzip", "\xff")
_HOSTS = ("", "a", "evil.example", "127.0.0.1:99999", "[::1", "x@y/z?", "a" * 300, "ü")
_COOKIES = ("pulse_session=", "pulse_session=eyJ4Ijp0cnVlfQ.a.b", "=;;=", "a=" + "x" * 4000, 'pulse_session="\\377"')


class Request(NamedTuple):
    """A request as it is sent."""

    method: str
    data: bytes
    body: bytes
    """Of `data`, what the application should get."""
    whole: bool
    """Whether the server owes it an answer; else it may also close, or wait for the rest."""


def hostile_request(random: Random, session: Mapping[str, str]) -> Request:
    """A request with some faults, or none. `session`: the headers with which a browser may sign in."""
    ask = random.choice(CORPUS)
    method, path, body = ask.method, ask.path, ask.body
    headers = [
        ("Host", "127.0.0.1"),
        *({**ask.headers, **session} if CSRF in ask.headers.values() else ask.headers).items(),
    ]
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        match random.randrange(8):
            case 0:
                method = random.choice([*METHODS, "get", "BREW", "CONNECT", "G ET"])
            case 1:
                path = _spoilt_path(random, path)
            case 2 | 3 | 4:
                body = _spoilt_body(random, body)[:_MOST_BYTES]
            case 5:
                headers.append((random.choice(HEADERS), _text(random)))
            case 6:
                headers = _spoilt_headers(random, headers)
            case 7:
                path += random.choice(("?", "&")) + random.choice(
                    ("cursor=" + _cursor(random), f"limit={_text(random)}", "q=%ff", "since=9999-12-31")
                )
    return _as_bytes(random, method, path, headers, body)


def _as_bytes(random: Random, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Request:
    framing, data, whole = _framed(random, body)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join(lines).encode("latin-1", "replace")
    return Request(method, head + b"\r\n" + framing + b"\r\n" + data, body, whole)


def _framed(random: Random, body: bytes) -> tuple[bytes, bytes, bool]:
    """The headers that give a body's length, the body's bytes, and whether that length is true."""
    kind = random.randrange(40)
    if kind < 6:
        pieces = [body[:5], body[5:]]
        chunks = b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
        return b"Transfer-Encoding: chunked\r\n", chunks + b"0\r\n\r\n", True
    if kind == 6:
        wrong = random.choice((b"-1", b"+5", b"1e3", b"%d, %d" % (len(body), len(body)), b"9" * 30, b"", b"0x5"))
        return b"Content-Length: " + wrong + b"\r\n", body, False
    if kind == 7:
        return b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(body), body, False
    if kind == 8:
        # Without spaces at its end the JSON is not whole if the length is too short: it is not accepted unheard.
        body = body.rstrip()
        return b"Content-Length: %d\r\n" % (len(body) + random.choice((-1, 1, 5))), body, False
    if kind == 9:
        return (
            b"Transfer-Encoding: chunked\r\n",
            random.choice((b"fffffffffffffffff\r\n", b"-1\r\n", b"zz\r\nab")),
            False,
        )
    return (b"Content-Length: %d\r\n" % len(body) if body or kind % 2 else b""), body, True


def _spoilt_path(random: Random, path: str) -> str:
    where = random.randrange(len(path) + 1)
    return random.choice(
        (
            path[:where]
            + random.choice(("%2e%2e/", "%", "%00", "//", "\\", "%c0%af", "\x7f", "é", " ", "#", "?", ";a"))
            + path[where:],
            random.choice(PATHS).replace("{}", re.sub(r"\s", "", _text(random)) or "x"),
            path + "?" + "a=b&" * random.choice((1, 50, 2000)),
            "http://other.example" + path,
            "*",
            "/" + "x" * random.choice(_SIZES),
        )
    )


def _spoilt_body(random: Random, body: bytes) -> bytes:
    where, until = sorted(random.randrange(len(body) + 1) for _ in range(2))
    part = body[:_REPEATED_BYTES]
    return random.choice(
        (
            body[:where] + random.choice(_WORDS) + body[where:],
            body[:where] + body[until:],
            body[:where] + random.randbytes(random.choice((1, 3, 30))) + body[where:],
            re.sub(rb"\d+", lambda _: random.choice(_NUMBERS), body, count=1),
            re.sub(
                rb'"[^"]*"', lambda _: b'"' + b"x" * random.choice(_SIZES) + b'"', body, count=random.choice((1, 3))
            ),
            body.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32", "utf-8-sig"))),
            part * random.choice((2, 3, 50)),
            b'{"events": [' + b", ".join([part or b"0"] * random.choice((1, 2, 501))) + b"]}",
        )
    )


def _spoilt_headers(random: Random, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    name, value = random.choice(
        (
            ("Content-Type", random.choice(_TYPES)),
            ("Content-Encoding", random.choice(_ENCODINGS)),
            ("Host", random.choice(_HOSTS)),
            ("Cookie", random.choice(_COOKIES)),
            ("Authorization", random.choice(("Bearer", "Bearer " + _text(random), "Basic eDp5", "\xff"))),
            ("Expect", "100-continue"),
            ("Upgrade", "h2c"),
            ("Connection", random.choice(("close", "keep-alive", "Upgrade", "x"))),
            ("Accept", "text/html;q=" + random.choice(("0", "1e9", "x" * 3000))),
            ("X-Pad", "x" * random.choice(_SIZES)),
        )
    )
    kept = [each for each in headers if each[0] != name or random.random() < 0.1]
    return [*kept, *[("X-Many", "y")] * random.choice((0, 0, 0, 99, 101)), (name, value)]


def _cursor(random: Random) -> str:
    held: list[object] = [
        random.choice((None, "2026-01-01", 1, "", True, 2**62, 2**63, -1, "v", [], {}))
        for _ in range(random.choice((0, 5, 6, 6, 7)))
    ]
    return urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")


def _text(random: Random) -> str:
    """A text of characters that a header may contain."""
    return "".join(
        chr(random.choice((9, 32, *range(33, 127), *range(128, 256)))) for _ in range(random.choice((0, 1, 8, 40)))
    )
