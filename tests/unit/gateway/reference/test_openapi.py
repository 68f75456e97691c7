from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.openapi import FORM, openapi

PUBLISHED = {
    "chat-v1": 40,
    "chat-v2": 54,
    "chat-v3": 1,
    "conversations-v1": 103,
    "ip-messaging-v1": 40,
    "ip-messaging-v2": 54,
}
every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


@every_document
def test_a_document_is_valid_openapi(document: Document) -> None:
    validate(openapi(document))


@every_document
def test_every_reference_leads_somewhere_and_every_schema_is_used(document: Document) -> None:
    made = openapi(document)
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(made)))
    assert used == set(made["components"]["schemas"])


@every_document
def test_no_two_operations_share_method_and_path(document: Document) -> None:
    made = openapi(document)
    assert sum(len(item) for item in made["paths"].values()) == len(document.operations)


@pytest.mark.parametrize(("name", "count"), PUBLISHED.items())
def test_the_operations_of_the_original_are_all_there(name: str, count: int) -> None:
    assert len([operation for operation in DOCUMENTS[name].operations if not operation.alias]) == count


def test_requests_go_where_the_product_is_mounted() -> None:
    assert openapi(DOCUMENTS["chat-v2"])["servers"] == [{"url": "/chat"}]
    assert openapi(DOCUMENTS["token"])["servers"] == [{"url": "/"}]


def _operation(document: str, method: str, path: str) -> Any:  # Any: JSON
    return openapi(DOCUMENTS[document])["paths"][path][method]


def test_a_create_reads_a_form_and_answers_the_resource() -> None:
    create = _operation("chat-v2", "post", "/v2/Services/{service}/Channels/{channel}/Members")
    assert create["requestBody"]["content"][FORM]["schema"]["required"] == ["Identity"]
    assert create["requestBody"]["required"]
    content = create["responses"]["201"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/Member"}}}
    header = create["parameters"][-1]
    assert (header["in"], header["name"]) == ("header", "X-Twilio-Webhook-Enabled")
    assert [p["name"] for p in create["parameters"] if p["in"] == "path"] == ["service", "channel"]


def test_a_list_reads_filters_and_paging_and_answers_a_page() -> None:
    listing = _operation("chat-v2", "get", "/v2/Services/{service}/Channels")
    names = [p["name"] for p in listing["parameters"] if p["in"] == "query"]
    assert names == ["Type", "PageSize", "Page", "PageToken"]
    page = openapi(DOCUMENTS["chat-v2"])["components"]["schemas"]["ChannelPage"]
    assert list(page["properties"]) == ["meta", "channels"]


def test_a_delete_answers_without_a_body() -> None:
    delete = _operation("chat-v2", "delete", "/v2/Services/{service}")
    assert "content" not in delete["responses"]["204"]


def test_an_operation_below_a_service_answers_with_the_service() -> None:
    path = "/Conversations/{conversation}/Messages/{message}"
    schemas = openapi(DOCUMENTS["conversations-v1"])["components"]["schemas"]
    plain = _operation("conversations-v1", "get", f"/v1{path}")
    below = _operation("conversations-v1", "get", f"/v1/Services/{{service}}{path}")
    names = [
        operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for operation in (plain, below)
    ]
    assert names == ["Message", "ServiceMessage"]
    assert set(schemas["ServiceMessage"]["properties"]) - set(schemas["Message"]["properties"]) == {"chat_service_sid"}


def test_a_file_is_uploaded_raw_or_as_a_part() -> None:
    upload = _operation("media-v1", "post", "/v1/Services/{service}/Media")
    assert set(upload["requestBody"]["content"]) == {"application/octet-stream", "multipart/form-data"}


def test_both_names_of_a_product_have_the_same_operations() -> None:
    chat, old = openapi(DOCUMENTS["chat-v2"]), openapi(DOCUMENTS["ip-messaging-v2"])
    assert chat["paths"] == old["paths"]
    assert chat["components"] == old["components"]


def test_a_token_is_asked_for_with_a_form_or_with_json() -> None:
    assert set(_operation("token", "post", "/token")["requestBody"]["content"]) == {FORM, "application/json"}
