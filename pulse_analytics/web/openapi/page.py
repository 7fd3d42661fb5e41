"""The OpenAPI document as a page: the logic behind the template."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import render_template
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]


class Field(NamedTuple):
    """A member of a body."""

    name: str
    """The full path of the member, such as `videos[].rank`."""
    rules: str
    description: str


class Operation(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    said: Json
    """The operation object."""


def render_page(document: Json) -> str:
    """The page."""
    reader = _Reader(document)
    return render_template(
        "docs.html", document=document, reader=reader, sections=reader.sections(), prose=_prose, rules=_rules
    )


class _Reader:
    """Reads an OpenAPI document for the template."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def sections(self) -> list[tuple[Json, list[Operation]]]:
        """The operations of each tag."""
        operations = [
            Operation(method, path, said)
            for path, methods in self._document["paths"].items()
            for method, said in methods.items()
        ]
        return [
            (tag, [each for each in operations if tag["name"] in each.said["tags"]]) for tag in self._document["tags"]
        ]

    def resolve(self, part: Json) -> Json:
        """The part itself, or the part that its `$ref` refers to."""
        while "$ref" in part:
            found: Any = self._document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def own_answers(self, operation: Operation) -> list[tuple[str, Json]]:
        """The answers that are not among the errors that are explained once, by status."""
        return [(status, answer) for status, answer in operation.said["responses"].items() if "$ref" not in answer]

    def problems(self, operation: Operation) -> list[str]:
        """The statuses of those errors."""
        return [status for status, answer in operation.said["responses"].items() if "$ref" in answer]

    def problem_example(self, problem: Json) -> Json:
        """What such an error looks like."""
        [media] = problem["content"].values()
        example: Json = media["examples"]["problem"]["value"]
        return example

    def fields(self, schema: Json, around: str = "") -> Iterator[Field]:
        """The members of a body, including nested ones."""
        schema = self.resolve(schema)
        for name, rules in schema.get("properties", {}).items():
            found = self.resolve(rules)
            needed = "" if name in schema.get("required", ()) else "may be missing"
            words = ", ".join(filter(None, [_rules(found), needed]))
            yield Field(f"{around}{name}", words, rules.get("description", ""))
            inner = self.resolve(found.get("items", found))
            yield from self.fields(inner, f"{around}{name}{'[]' if 'items' in found else ''}.")

    def example(self, media: Json) -> str:
        """The first example of a body."""
        values = [each["value"] for each in media.get("examples", {}).values()]
        if not values:
            return ""
        return values[0] if isinstance(values[0], str) else _short_json(values[0])

    def credentials(self, operation: Operation) -> str:
        """The credentials that an operation needs, in words."""
        return ", or ".join(" and ".join(together) for together in operation.said["security"])

    def command(self, operation: Operation) -> str:
        """The curl command for an operation."""
        words = ["curl"] if operation.method == "get" else ["curl", "-X", operation.method.upper()]
        for name in dict(operation.said.get("security", [{}])[0]):
            words += _CREDENTIALS[name]
        media = self._body(operation)
        if media:
            words += [
                "-H",
                "Content-Type: application/json",
                "-d",
                json.dumps(next(iter(media["examples"].values()))["value"]),
            ]
        return " ".join([*map(_quoted, words), f'"$PULSE{self._address(operation)}"'])

    def _body(self, operation: Operation) -> Json:
        media: Json = operation.said.get("requestBody", {}).get("content", {}).get("application/json", {})
        return media

    def _address(self, operation: Operation) -> str:
        shown = [each for each in operation.said.get("parameters", []) if "examples" in each["schema"]]
        path = operation.path
        for parameter in shown:
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", quote(parameter["schema"]["examples"][0], safe=""))
        query = urlencode({each["name"]: each["schema"]["examples"][0] for each in shown if each["in"] == "query"})
        return f"{path}?{query}" if query else path


_CREDENTIALS = {
    "adminToken": ["-H", "Authorization: Bearer $PULSE_ADMIN_TOKEN"],
    "session": ["-b", "cookies"],
    "csrfToken": ["-H", "X-CSRF-Token: $CSRF_TOKEN"],
}


def _quoted(word: str) -> str:
    return f'"{word}"' if "$" in word else shlex.quote(word)


def _short_json(value: object) -> str:
    """JSON on several lines, but lists of numbers on one."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(
        r"\[[\d,\s]+\]", lambda numbers: " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]"), text
    )


def _prose(text: str) -> Markup:
    """Text in which `this` is code."""
    pieces = str(escape(text)).split("`")
    return Markup("").join(Markup(f"<code>{piece}</code>" if n % 2 else piece) for n, piece in enumerate(pieces))  # noqa: S704 - escaped above


def _rules(schema: Json) -> str:
    """The rules for a value, in words."""
    kinds = schema.get("type", "any value")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = [" or ".join(str(schema.get("format", kind)) if kind == "string" else kind for kind in kinds)]
    if "enum" in schema:
        words = [" or ".join(f"`{choice}`" for choice in schema["enum"])]
    for low, high, unit in (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        words += _bounds(schema.get(low), schema.get(high), unit)
    if "pattern" in schema and "format" not in schema:
        words.append("no control characters")
    if schema.get("default"):
        words.append(f"{schema['default']} if left out")
    return ", ".join(words)


def _bounds(low: int | None, high: int | None, unit: str) -> list[str]:
    if high is None:
        return [] if low is None else [f"{low:,}{unit} or more"]
    return [f"{low or 0:,} to {high:,}{unit}"] if low != high else [f"{high:,}{unit}"]
