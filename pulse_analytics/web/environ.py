"""Turn an ASGI request into a WSGI environ (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from pulse_analytics import config

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import WSGIEnvironment

    from pulse_analytics.body import Scope

_REPLACED = {b"content-length", b"transfer-encoding"}
"""Headers that say how the body came. It has been read: CONTENT_LENGTH is its size."""


def environ_of(scope: Scope, body: bytes) -> WSGIEnvironment:
    """The request as a WSGI environ; bytes are decoded as Latin-1."""
    server, client = scope.get("server") or ("localhost", None), scope.get("client") or ("", None)
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw_path).decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or ""),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1] or ""),
        **_header_variables(scope["headers"]),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        # Werkzeug's: the input ends where the body does. Without it a body that came in chunks would be empty.
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": _file_blocks,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for name, value in headers:
        # WSGI cannot distinguish X_Forwarded_For from X-Forwarded-For, which a proxy vouches for.
        if b"_" in name or name in _REPLACED:
            continue
        variable = name.decode("latin1").upper().replace("-", "_")
        key = variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"
        separator = "; " if key == "HTTP_COOKIE" else ","
        text = value.decode("latin1").strip(" \t")  # httptools leaves the space at the end.
        variables[key] = f"{variables[key]}{separator}{text}" if key in variables else text
    return variables


def _file_blocks(file: IO[bytes], _block_bytes: int = 0) -> FileWrapper:
    return FileWrapper(file, config.FILE_BLOCK_BYTES)
