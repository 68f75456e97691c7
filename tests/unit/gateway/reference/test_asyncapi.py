from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from gateway.reference.asyncapi import RPC, asyncapi

Json = dict[str, Any]  # Any: JSON


@pytest.fixture(scope="module")
def document() -> Json:
    return asyncapi()


def _at(document: Json, pointer: str) -> Any:  # Any: JSON
    found: Any = document
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_the_document_has_the_parts_that_asyncapi_asks_for(document: Json) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    assert all({"host", "protocol"} <= set(server) for server in document["servers"].values())
    assert set(document) <= {
        *("asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"),
    }


def test_every_name_is_one_that_asyncapi_allows(document: Json) -> None:
    names = [*document["channels"], *document["operations"], *document["servers"], *document["components"]["schemas"]]
    names += [name for channel in document["channels"].values() for name in channel["messages"]]
    assert all(re.fullmatch(r"[\w\d.\-_]+", name) for name in names)


def test_every_reference_leads_somewhere(document: Json) -> None:
    pointers = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert pointers
    for pointer in pointers:
        _at(document, pointer)


def test_parameters_of_an_address_are_described(document: Json) -> None:
    for channel in document["channels"].values():
        assert re.findall(r"\{(\w+)\}", channel["address"] or "") == list(channel.get("parameters", {}))


def test_every_payload_and_resource_is_json_schema(document: Json) -> None:
    payloads = [m["payload"] for channel in document["channels"].values() for m in channel["messages"].values()]
    for shape in [*payloads, *document["components"]["schemas"].values()]:
        jsonschema.Draft7Validator.check_schema(shape)


def test_an_operation_uses_messages_of_its_own_channel(document: Json) -> None:
    for operation in document["operations"].values():
        for side in (operation, operation.get("reply", operation)):
            prefix = side["channel"]["$ref"] + "/messages/"
            assert all(message["$ref"].startswith(prefix) for message in side["messages"])


def test_every_message_belongs_to_an_operation(document: Json) -> None:
    used = {
        message["$ref"]
        for operation in document["operations"].values()
        for side in (operation, operation.get("reply", operation))
        for message in side["messages"]
    }
    there = {
        f"#/channels/{key}/messages/{name}"
        for key, channel in document["channels"].items()
        for name in channel["messages"]
    }
    assert used == there


def test_clients_call_and_are_told(document: Json) -> None:
    for operation in document["operations"].values():
        called = operation["channel"]["$ref"] == f"#/channels/{RPC}"
        assert operation["action"] == ("receive" if called else "send")
        assert ("reply" in operation) is called
