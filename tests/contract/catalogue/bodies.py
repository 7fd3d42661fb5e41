"""POST /analytics: the body as bytes, its media type and its size."""

from __future__ import annotations

import gzip
import json

from tests.contract.ask import Ask, Group, post, report

LIMIT = 16 * 1024


def text(video_id: str) -> bytes:
    return json.dumps(report(video_id)).encode()


def _typed(content_type: str | None) -> Ask:
    name = "no content type" if content_type is None else content_type or "an empty content type"
    return post(name, report(name), content_type=content_type)


_ODD = {
    "empty": b"",
    "a space": b" ",
    "cut off": b'{"videoId": "v"',
    "null": b"null",
    "true": b"true",
    "a number": b"5",
    "a string": b'"text"',
    "a list": b"[]",
    "a list of a report": json.dumps([report()]).encode(),
    "NaN": b"NaN",
    "not UTF-8": b"\xff\xfe\xfd",
    "not UTF-8 inside of a string": b'{"videoId": "\xff"}',
    "10,000 brackets": b"[" * 10_000,
    "a number of 5,000 digits": b'{"ts":' + b"9" * 5000 + b"}",
    "single quotes": b"{'videoId': 'v'}",
    "a comment": b"/* a report */ {}",
    "a trailing comma": b'{"videoId": "v",}',
    "two objects": b"{}{}",
    "a NUL at the end": text("v") + b"\0",
    "a form": b"videoId=v&userId=u",
    "compressed": gzip.compress(text("v"), mtime=0),
}
_LIKED = {
    "white space around": b" \r\n\t" + text("spaces") + b"\n\n",
    "a key twice, the last one bad": text("twice").replace(b"}", b', "ts": "soon"}'),
    "a key twice, the first one bad": b'{"ts": "soon", ' + text("twice")[1:],
    "escapes": b'{"\\u0076ideoId": "\\ud83d\\ude00", "event": "watched_50_percent", "userId": "\\u00e9", "ts": 1}',
    "a fraction that is not finite in an unknown field": text("nan").replace(b"}", b', "rate": NaN}'),
    "ts with an exponent": text("exponent").replace(b"1700000000000", b"17e11"),
    "ts of minus zero": text("minus zero").replace(b"1700000000000", b"-0"),
    "a byte order mark": b"\xef\xbb\xbf" + text("mark"),
    "UTF-16": text("sixteen").decode().encode("utf-16"),
    "UTF-32 without a mark": text("thirty-two").decode().encode("utf-32-le"),
}
_TYPES = [
    "application/json; charset=utf-8",
    "application/json; charset=latin-1",
    "application/json;charset=nonsense",
    "application/json;",
    "application/json; boundary",
    "APPLICATION/JSON",
    " application/json",
    "text/plain",
    "text/plain;charset=UTF-8",
    "Text/Plain; charset=utf-16",
    "text/plain; format=flowed",
    "application/problem+json",
    "application/vnd.api+json",
    "application/jsonx",
    "application",
    "application/json, text/plain",
    "text/html",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "image/png",
    "text/plain; charset=\xff",
    "",
    None,
]


GROUPS = [
    Group(name="body", asks=[post(name, body) for name, body in (_ODD | _LIKED).items()]),
    Group(name="content type", asks=[_typed(content_type) for content_type in _TYPES]),
    Group(
        name="body headers",
        asks=[
            post("Content-Encoding that is ignored", text("encoded"), headers={"Content-Encoding": "gzip"}),
            post("compressed, and says so", _ODD["compressed"], headers={"Content-Encoding": "gzip"}),
            post("a bad body of a wrong type", b"{", content_type="text/html"),
            post("Accept without JSON", text("accept"), headers={"Accept": "text/html"}),
            post("a bad report, Accept without JSON", {}, headers={"Accept": "text/html"}),
            post("Authorization that is ignored", text("token"), headers={"Authorization": "Bearer wrong"}),
            post("a cookie that is ignored", text("cookie"), headers={"Cookie": "pulse_session=forged"}),
            post("a method override that is ignored", text("override"), headers={"X-HTTP-Method-Override": "DELETE"}),
        ],
    ),
    Group(
        name="body size",
        asks=[
            post("the limit", text("large").ljust(LIMIT)),
            post("the limit, as text", text("large too").ljust(LIMIT), content_type="text/plain"),
            post("one byte more than the limit", text("larger").ljust(LIMIT + 1)),
            post("one byte more than the limit, as text", text("larger").ljust(LIMIT + 1), content_type="text/plain"),
            post("far more than the limit", b"x" * 100_000),
            post("too large and of a wrong type", b"x" * 100_000, content_type="text/html"),
            post("an unknown field that fills the limit", report("full", pad="x" * (LIMIT - 200))),
            post("an unknown field that is too large", report("full", pad="x" * LIMIT)),
        ],
    ),
]
