from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest

from gateway.reference.documents import DOCUMENTS
from gateway.reference.operation import ERROR, PLACEHOLDERS, Operation, Parameter, Resource, operations, page_of, paging
from gateway.reference.shapes import text
from gateway.reference.tables.conversations import IN_BOTH_FORMS, below_service

NAME = Parameter(name="Name", shape=text(), required=True)
RESOURCE = Resource(
    tag="Things",
    noun="a thing",
    plural="the things",
    path="/v2/Things",
    item="/{service}",
    schema="Thing",
    key="things",
    page_max=20,
    create=(NAME,),
    webhooks="create",
)


def found(resource: Resource) -> dict[str, Operation]:
    return {operation.name: operation for operation in operations(resource)}


def test_a_resource_has_the_usual_operations() -> None:
    assert [(o.name, o.method, o.pattern, o.status) for o in operations(RESOURCE)] == [
        ("createThing", "POST", "/v2/Things", 201),
        ("listThing", "GET", "/v2/Things", 200),
        ("fetchThing", "GET", "/v2/Things/{service}", 200),
        ("updateThing", "POST", "/v2/Things/{service}", 200),
        ("deleteThing", "DELETE", "/v2/Things/{service}", 204),
    ]


def test_a_resource_may_have_fewer_of_them() -> None:
    assert list(found(replace(RESOURCE, can="list delete"))) == ["listThing", "deleteThing"]


def test_each_operation_reads_what_is_its_own() -> None:
    made = found(RESOURCE)
    assert made["createThing"].form == (NAME,)
    assert not made["updateThing"].form
    assert [name for name, operation in made.items() if operation.webhooks] == ["createThing"]
    assert made["deleteThing"].schema is None


def test_only_a_list_has_pages() -> None:
    made = found(RESOURCE)
    assert [name for name, operation in made.items() if operation.key] == ["listThing"]
    assert [parameter.name for parameter in paging(made["listThing"])] == ["PageSize", "Page", "PageToken"]
    assert list(page_of(made["listThing"])["properties"]) == ["meta", "things"]


def test_placeholders_are_those_of_the_path_in_order() -> None:
    made = replace(operations(RESOURCE)[0], pattern="/v2/Services/{service}/Users/{user}")
    assert made.placeholders == ("service", "user")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_placeholder_is_described(name: str) -> None:
    assert all(p in PLACEHOLDERS for operation in DOCUMENTS[name].operations for p in operation.placeholders)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_name_is_given_once(name: str) -> None:
    names = [operation.name for operation in DOCUMENTS[name].operations]
    assert len(names) == len(set(names))


def test_below_a_service_everything_has_the_service_in_its_path() -> None:
    made = [below_service(operation) for operation in IN_BOTH_FORMS]
    assert all(operation.pattern.startswith("/v1/Services/{service}/") for operation in made)
    assert [operation.form for operation in made] == [operation.form for operation in IN_BOTH_FORMS]
    assert [operation.webhooks for operation in made] == [operation.webhooks for operation in IN_BOTH_FORMS]


def test_a_refusal_has_four_members() -> None:
    body = {"code": 20404, "message": "x", "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}
    validator = jsonschema.Draft202012Validator(ERROR)
    assert validator.is_valid(body)
    assert not validator.is_valid({**body, "title": "x"})
    assert not validator.is_valid({name: value for name, value in body.items() if name != "code"})
