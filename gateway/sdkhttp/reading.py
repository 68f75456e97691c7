"""What a request carries: a JSON object, a form, parameters. Whatever is wrong with them is a 400 that says what."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import UnsetType

from chatcore.domain import limits, model
from gateway.http.forms import Form, parse_body

from .errors import bad_request
from .exchange import SdkRequest

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


def read(kind: type[S], request: SdkRequest) -> S:
    """The body as an object of this kind; no body and `null` count as `{}`. Unknown members are not looked at.

    Raises HttpError(400) naming the member, and ChatError(INVALID_PARAMETER) for text no database can keep.
    """
    text = request.body.strip()
    if text in (b"", b"null"):
        text = b"{}"
    if not text.startswith(b"{"):
        raise bad_request("The body must be a JSON object")
    try:
        value = msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise bad_request(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise bad_request("The body is not valid JSON") from None
    _check(value)
    return value


def unset(value: T | UnsetType) -> T | model.Unset:
    """As commands spell "not given"."""
    return model.UNSET if isinstance(value, UnsetType) else value


def form(request: SdkRequest) -> Form:
    """A form body, empty for any other content."""
    return parse_body(request.content_type, request.body)


def query(request: SdkRequest) -> Form:
    """The parameters, with the getters of a form."""
    return Form((name, value) for name, values in request.params.items() for value in values)


def _check(value: Any, name: str = "") -> None:  # whatever a struct may hold
    """Broken text is found here, once, wherever it stands; `msgspec.Raw` is text that nobody has looked at yet."""
    if isinstance(value, str):
        limits.clean(name, value)
    elif isinstance(value, msgspec.Raw):
        try:
            bytes(value).decode()
        except UnicodeDecodeError:
            raise bad_request(f"{name} is not valid Unicode text") from None
    elif isinstance(value, msgspec.Struct):
        for attribute, wire in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            _check(getattr(value, attribute), wire)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, name)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, name)
            _check(item, name)
