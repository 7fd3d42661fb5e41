"""The application with a known history, and its answers to the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pulse_analytics.web.application import Application
from pulse_analytics.web.wsgi_adapter import WsgiAdapter
from tests.contract.asgi_client import AsgiClient
from tests.contract.catalogue import GROUPS
from tests.contract.history import write_history, write_site
from tests.contract.replay import Client, Exchanges, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.facts import Facts


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path, metavar="FILE", help="where `python -m tests.contract` writes the answers")


def _flask_client(app: Flask) -> Client:
    return app.test_client(use_cookies=False)


def _wsgi_adapter_client(app: Flask) -> Client:
    return AsgiClient(WsgiAdapter(app))


def _asgi_client(app: Flask) -> Client:
    return AsgiClient(Application(app))


#: Each makes a client of the application; all must get the same answers. Another way in is one more line.
CLIENTS: dict[str, Callable[[Flask], Client]] = {
    "flask": _flask_client,
    "wsgi_adapter": _wsgi_adapter_client,
    "asgi": _asgi_client,
}


@pytest.fixture
def changed_settings() -> dict[str, str]:
    """Two sites whose players may post."""
    return {"PULSE_CORS_ORIGINS": "https://video.example, http://[::1]:8000"}


@pytest.fixture(params=list(CLIENTS))
def contract_client(request: pytest.FixtureRequest, app: Flask) -> Iterator[Client]:
    """A client of the application."""
    client = CLIENTS[request.param](app)
    yield client
    if isinstance(client, AsgiClient):
        client.close()


@pytest.fixture
def exchanges(app: Flask, contract_client: Client, facts: Facts, tmp_path: Path) -> Exchanges:
    """The application's answers to the whole catalogue."""
    write_history(facts)
    write_site(tmp_path / "site")
    app.config["SITE_DIST"] = tmp_path / "site"
    return replay(contract_client, facts, GROUPS)
