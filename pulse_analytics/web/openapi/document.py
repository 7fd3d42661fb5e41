"""The OpenAPI document of an application: its own routes, and what `operations.py` says of them."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from pulse_analytics.config import HEAD_LIMIT_BYTES, REQUEST_SECONDS
from pulse_analytics.web.openapi.operations import OPERATIONS
from pulse_analytics.web.openapi.parts import PROBLEMS, SECURITY_SCHEMES

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

DESCRIPTION = f"""\
Counts how often videos are really watched. 202 means counted exactly once.

Errors are RFC 9457 problem+json. A path that is not here is 404; another method is 405, and `Allow` names the right \
ones (every GET takes HEAD, every route OPTIONS). What is no sound HTTP/1.1 is 400 without problem+json; a head over \
{HEAD_LIMIT_BYTES // 1024} KiB is 431; a request that is not whole after {REQUEST_SECONDS:g} s is 408 or no answer.

Players of other sites may report if `PULSE_CORS_ORIGINS` names them. With `PULSE_TRUSTED_HOSTS` other hosts are 400."""

TAGS = {
    "Players": "What a player sends. Anybody may.",
    "Reports": "What was counted. For the bearer of the admin token, and for a browser that has signed in. "
    "A parameter that is not listed is 400.",
    "Catalogue": "Titles, pages and tags of videos, which their owner writes and a report never. Changes need a token "
    "of the role `full`.",
    "Erasures": "Everything that is held about one user goes. A DELETE needs a token of the role `full`.",
    "Session": "Browsers sign in with the admin token, and out.",
    "Operators": "Probes, and this description.",
}


def build_document(app: Flask) -> dict[str, Any]:
    """The document, for the settings in force; within an application context."""
    spec = APISpec(
        title="pulse_analytics",
        version=version("pulse-analytics"),
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin()],
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/"}],
    )
    for name, description in TAGS.items():
        spec.tag({"name": name, "description": description})
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for status, problem in PROBLEMS.items():
        spec.components.response(f"Problem{status}", problem)
    for rule in sorted(app.url_map.iter_rules(), key=_place):
        if rule.endpoint in OPERATIONS:
            spec.path(path_of(rule), operations={method: _operation(rule) for method in methods_of(rule)})
    return spec.to_dict()


def path_of(rule: Rule) -> str:
    """The path of a route, as OpenAPI spells it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def methods_of(rule: Rule) -> list[str]:
    """The methods of a route, without those that Flask adds to each."""
    return sorted(method.lower() for method in (rule.methods or set()) - {"HEAD", "OPTIONS"})


def _place(rule: Rule) -> int:
    names = [*OPERATIONS]
    return names.index(rule.endpoint) if rule.endpoint in OPERATIONS else len(names)


def _operation(rule: Rule) -> dict[str, Any]:
    return {"operationId": rule.endpoint.replace(".", "_"), **OPERATIONS[rule.endpoint]}
