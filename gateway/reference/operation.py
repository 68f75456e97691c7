"""What one REST operation reads and answers, and how a resource unfolds into its operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from .shapes import Shape, integer, nullable, one_of, record, ref, sid, text, url

INVALID_PARAMETER: Final = 20001
WEBHOOK_HEADER: Final = "X-Twilio-Webhook-Enabled"
DEFAULT_PAGE: Final = 50

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a form or a query; a list where its shape is an array.

    `code` answers an invalid value, `missing` the absence of a required one.
    """

    name: str
    shape: Shape
    required: bool = False
    clears: bool = False  # an empty value sets it to null
    code: int = INVALID_PARAMETER
    missing: int = INVALID_PARAMETER
    note: str = ""


Parameters = tuple[Parameter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`pattern` is written as the router's routes are. `schema` names the resource answered; None: no body.

    `key` names the array of a list, whose pages hold `page` items unless asked for up to `page_max`.
    """

    method: str
    pattern: str
    name: str
    tag: str
    summary: str
    status: int = 200
    schema: str | None = None
    key: str = ""
    page: int = DEFAULT_PAGE
    page_max: int = 0
    query: Parameters = ()
    form: Parameters = ()
    webhooks: bool = False  # reads X-Twilio-Webhook-Enabled
    also: Mapping[int, str] | None = None  # further statuses of success, with what they mean
    body: Shape | None = None  # a JSON body instead of a form
    json: bool = False  # the form may also be a JSON object
    raw: bool = False  # the body is a file, as it is or as one part of a multipart form
    answer: Shape | None = None  # a body that is no resource
    download: bool = False  # the answer is a file
    alias: bool = False  # a second path of an operation listed elsewhere, for old clients

    @property
    def placeholders(self) -> tuple[str, ...]:
        return tuple(_PLACEHOLDER.findall(self.pattern))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A collection and its items, with the usual five operations or some of them.

    `path` is that of the collection; without `item` the resource is a single thing at `path`, fetched and updated.
    """

    tag: str
    noun: str
    plural: str
    path: str
    schema: str
    item: str = ""
    key: str = ""
    page: int = DEFAULT_PAGE
    page_max: int = 100
    can: str = "create list fetch update delete"
    create: Parameters = ()
    update: Parameters = ()
    filters: Parameters = ()
    webhooks: str = ""  # verbs that read X-Twilio-Webhook-Enabled

    def operations(self) -> list[Operation]:
        return [getattr(self, f"_{verb}")() for verb in self.can.split()]

    def _operation(self, verb: str, method: str, pattern: str, summary: str) -> Operation:
        return Operation(
            method=method,
            pattern=pattern,
            name=f"{verb}{self.schema}",
            tag=self.tag,
            summary=summary,
            schema=self.schema,
            webhooks=verb in self.webhooks.split(),
        )

    def _create(self) -> Operation:
        made = self._operation("create", "POST", self.path, f"Create {self.noun}")
        return replace(made, status=201, form=self.create)

    def _list(self) -> Operation:
        made = self._operation("list", "GET", self.path, f"List {self.plural}")
        return replace(made, key=self.key, query=self.filters, page=self.page, page_max=self.page_max)

    def _fetch(self) -> Operation:
        return self._operation("fetch", "GET", self.path + self.item, f"Fetch {self.noun}")

    def _update(self) -> Operation:
        return replace(
            self._operation("update", "POST", self.path + self.item, f"Update {self.noun}"), form=self.update
        )

    def _delete(self) -> Operation:
        made = self._operation("delete", "DELETE", self.path + self.item, f"Delete {self.noun}")
        return replace(made, status=204, schema=None)


def operations(*resources: Resource) -> list[Operation]:
    return [operation for resource in resources for operation in resource.operations()]


PLACEHOLDERS: Final[Mapping[str, Shape]] = {
    "service": sid("IS", about="SID of the service"),
    "channel": text(shortest=1, about="SID or unique name of the channel"),
    "conversation": text(shortest=1, about="SID or unique name of the conversation"),
    "user": text(shortest=1, about="SID or identity of the user"),
    "member": text(shortest=1, about="SID or identity of the member"),
    "participant": text(shortest=1, about="SID or identity of the participant"),
    "address": text(shortest=1, about="SID of the address configuration, or the address"),
    "role": sid("RL"),
    "message": sid("IM"),
    "invite": sid("IN"),
    "webhook": sid("WH"),
    "binding": sid("BS"),
    "credential": sid("CR"),
    "receipt": sid("DY"),
    "media": sid("ME"),
}
"""What stands in the braces of paths."""


def paging(operation: Operation) -> Parameters:
    """What every list reads besides its filters."""
    note = f"Items on a page: {operation.page} unless given, at most {operation.page_max}; more counts as that"
    return (
        Parameter(name="PageSize", shape={**integer(1), "default": operation.page}, note=note),
        Parameter(name="Page", shape=integer(0), note="Number of the page, for the caller's own count"),
        Parameter(name="PageToken", shape=text(), note="Place in the list, from `meta.next_page_url`"),
    )


WEBHOOK_SWITCH: Final = one_of("true", "false")

ERROR: Final = record(
    {"code": integer(), "message": text(), "more_info": url(), "status": integer(400, 599)},
    {"details": {"type": "object"}},
)
META: Final = record(
    {
        "page": integer(0),
        "page_size": integer(1),
        "first_page_url": url(),
        "previous_page_url": nullable(url()),
        "url": url(),
        "next_page_url": nullable(url()),
        "key": text(),
    }
)


def page_of(operation: Operation) -> Shape:
    assert operation.schema is not None, "a list is a list of something"
    return record({"meta": ref("Meta"), operation.key: {"type": "array", "items": ref(operation.schema)}})
