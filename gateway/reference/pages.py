"""The reference as HTML: static pages that need neither scripts nor anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .documents import DOCUMENTS, Document
from .native.codes import CHAT_ERRORS, CLOSES, ERRORS
from .native.events import STREAMS
from .native.methods import METHODS
from .native.resources import RESOURCES
from .openapi import about, success
from .operation import PLACEHOLDERS, WEBHOOK_HEADER, WEBHOOK_SWITCH, Operation, Parameters, paging
from .shapes import Shape
from .words import Row, note_of, rows, target, words

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the pages: nothing but their own style."""

_environment: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _marked(text: str) -> Markup:
    """Text whose `quoted` parts are code."""
    parts = text.split("`")
    return Markup().join(Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


_environment.filters["marked"] = _marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Operations under one heading."""

    title: str
    operations: Sequence[Entry]

    @property
    def anchor(self) -> str:
        return self.title.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An operation as its page shows it. `parameters` by where they stand; `answer` names a resource."""

    operation: Operation
    parameters: Mapping[str, Sequence[Row]]
    answer: str
    answer_rows: Sequence[Row]


def index_page() -> str:
    return _render("index.html", documents=DOCUMENTS.values())


def rest_page(document: Document) -> str:
    return _render(
        "rest.html",
        document=document,
        groups=_groups(document),
        resources={name: list(rows(shape)) for name, shape in document.schemas.items()},
    )


def native_page() -> str:
    methods = [
        {"method": method, "params": list(rows(method.params)), "result": list(rows(method.result))}
        for method in METHODS.values()
    ]
    streams = [
        {"stream": stream, "publications": [(p, list(rows(p.shape))[3:]) for p in stream.publications]}
        for stream in STREAMS
    ]
    return _render(
        "native.html",
        methods=methods,
        streams=streams,
        resources={name: list(rows(shape)) for name, shape in RESOURCES.items()},
        errors=ERRORS,
        chat_errors=CHAT_ERRORS,
        closes=CLOSES,
    )


def _render(template: str, **values: Any) -> str:  # Any: whatever the template shows
    return _environment.get_template(template).render(style=_STYLE, **values)


def _groups(document: Document) -> list[Group]:
    by_tag: dict[str, list[Entry]] = {}
    for operation in document.operations:
        by_tag.setdefault(operation.tag, []).append(_entry(operation))
    return [Group(title=tag, operations=entries) for tag, entries in by_tag.items()]


def _entry(operation: Operation) -> Entry:
    shape = success(operation)
    return Entry(
        operation=operation,
        parameters={where: found for where, found in _parameters(operation).items() if found},
        answer="" if shape is None or "$ref" not in shape else operation.schema or target(shape),
        answer_rows=[] if operation.answer is None else list(rows(_object(operation.answer))),
    )


def _object(shape: Shape) -> Shape:
    """The object itself, or what a list is made of."""
    inner: Shape = shape.get("items", shape)
    return inner["oneOf"][0] if "oneOf" in inner else inner


def _parameters(operation: Operation) -> dict[str, list[Row]]:
    path = [
        Row(name=name, kind=words(PLACEHOLDERS[name]), note=PLACEHOLDERS[name].get("description", ""))
        for name in operation.placeholders
    ]
    header = [Row(name=WEBHOOK_HEADER, kind=words(WEBHOOK_SWITCH), required=False)] if operation.webhooks else []
    listing = paging(operation) if operation.key else ()
    return {
        "Path": path,
        "Query": _rows((*operation.query, *listing)),
        "Form": _rows(operation.form),
        "JSON body": list(rows(operation.body)) if operation.body else [],
        "Header": header,
    }


def _rows(parameters: Parameters) -> list[Row]:
    return [
        Row(name=p.name, kind=words(p.shape), note=about(p) or note_of(p.shape), required=p.required)
        for p in parameters
    ]
