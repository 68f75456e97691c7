"""A document of the catalogue as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any, Final

from .documents import Document
from .operation import (
    ERROR,
    INVALID_PARAMETER,
    META,
    PLACEHOLDERS,
    WEBHOOK_HEADER,
    WEBHOOK_SWITCH,
    Operation,
    Parameter,
    page_of,
    paging,
)
from .shapes import Shape, ref

Json = dict[str, Any]  # Any: JSON

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
ANYTHING: Final = "*/*"
_BASIC: Final[list[Json]] = [{"basic": []}]
_TOKEN_OR_BASIC: Final[list[Json]] = [{"basic": []}, {"token": []}]


def openapi(document: Document) -> Json:
    """The whole document. URLs of servers are relative: the document describes the server that serves it."""
    paths: dict[str, Json] = {}
    for operation in document.operations:
        paths.setdefault(operation.pattern, {})[operation.method.lower()] = _operation(document, operation)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": f"{document.title} {document.version}",
            "version": document.version,
            "summary": document.about,
        },
        "servers": [{"url": f"/{document.product}"}] if document.product else [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in document.operations)],
        "paths": paths,
        "components": {
            "schemas": _schemas(document),
            "responses": {
                name: {"description": about, "content": {JSON: {"schema": ref("Error")}}}
                for name, about in _REFUSALS.items()
            },
            "securitySchemes": _security(document),
        },
    }


_REFUSALS: Final = {
    "Invalid": "A parameter is missing or not valid; `code` says which rule it broke",
    "Unauthenticated": "The credentials are missing or wrong",
    "Absent": "Something the path names does not exist, or belongs to another account",
    "Refused": "Any other refusal; `code` says why",
}


def _schemas(document: Document) -> dict[str, Shape]:
    pages = {page_name(o): page_of(o) for o in document.operations if o.key}
    shared = {"Meta": META, "Error": ERROR} if pages else {"Error": ERROR}
    return {**document.schemas, **pages, **shared}


def _security(document: Document) -> Json:
    basic = {"type": "http", "scheme": "basic", "description": "Account SID and auth token, or API key SID and secret"}
    if document.product != "mcs":
        return {"basic": basic}
    return {"basic": basic, "token": {"type": "apiKey", "in": "header", "name": "X-Twilio-Token"}}


def page_name(operation: Operation) -> str:
    return f"{operation.schema}Page"


def success(operation: Operation) -> Shape | None:
    """The shape of the body of a successful answer."""
    if operation.key:
        return ref(page_name(operation))
    return ref(operation.schema) if operation.schema else operation.answer


def _operation(document: Document, operation: Operation) -> Json:
    result: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _TOKEN_OR_BASIC if document.product == "mcs" else _BASIC,
        "responses": _responses(operation),
    }
    if parameters := _parameters(operation):
        result["parameters"] = parameters
    if body := _body(operation):
        result["requestBody"] = body
    return result


def _parameters(operation: Operation) -> list[Json]:
    path = [_parameter("path", name, PLACEHOLDERS[name], required=True) for name in operation.placeholders]
    listing = paging(operation) if operation.key else ()
    query = [
        _parameter("query", p.name, p.shape, required=p.required, about=about(p)) for p in (*operation.query, *listing)
    ]
    header = [_parameter("header", WEBHOOK_HEADER, WEBHOOK_SWITCH, about=_WEBHOOKS)] if operation.webhooks else []
    return [*path, *query, *header]


_WEBHOOKS: Final = "`true`: raise post-event webhooks for this call; `false` unless given"


def _parameter(where: str, name: str, shape: Shape, *, required: bool = False, about: str = "") -> Json:
    result: Json = {"name": name, "in": where, "schema": shape}
    if required:
        result["required"] = True
    if about:
        result["description"] = about
    return result


def about(parameter: Parameter) -> str:
    """What the shape cannot say."""
    parts = [parameter.note] if parameter.note else []
    if parameter.clears:
        parts.append("Empty clears it" if "mpty" not in parameter.note else "")
    if parameter.code != INVALID_PARAMETER:
        parts.append(f"Not valid: error {parameter.code}")
    if parameter.missing != INVALID_PARAMETER:
        parts.append(f"Missing: error {parameter.missing}")
    return ". ".join(part for part in parts if part)


def _body(operation: Operation) -> Json | None:
    if operation.raw:
        part = {"type": "object", "properties": {"file": {"type": "string", "contentMediaType": ANYTHING}}}
        return {"required": True, "content": {"application/octet-stream": {}, "multipart/form-data": {"schema": part}}}
    if operation.body is not None:
        return {"required": True, "content": {JSON: {"schema": operation.body}}}
    if not operation.form:
        return None
    required = [parameter.name for parameter in operation.form if parameter.required]
    properties = {p.name: _described(p.shape, about(p)) for p in operation.form}
    schema: Json = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    kinds = (FORM, JSON) if operation.json else (FORM,)
    return {"required": bool(required), "content": {kind: {"schema": schema} for kind in kinds}}


def _described(shape: Shape, text: str) -> Shape:
    """A parameter's own words go before those of its shape."""
    return {**shape, "description": text} if text else shape


def _responses(operation: Operation) -> Json:
    shape = success(operation)
    content: Json = {}
    if operation.download:
        content = {"content": {ANYTHING: {}}}
    elif shape is not None:
        content = {"content": {JSON: {"schema": shape}}}
    texts = {200: "Done", 201: "Created", 204: "Deleted"}
    responses: Json = {str(operation.status): {"description": texts[operation.status], **content}}
    for status, text in (operation.also or {}).items():
        responses[str(status)] = {"description": text, **(content if status < 300 else {})}
    if operation.form or operation.query or operation.key or operation.body:
        responses["400"] = _refusal("Invalid")
    responses["401"] = _refusal("Unauthenticated")
    if operation.placeholders:
        responses["404"] = _refusal("Absent")
    responses["default"] = _refusal("Refused")
    return responses


def _refusal(name: str) -> Json:
    return {"$ref": f"#/components/responses/{name}"}
