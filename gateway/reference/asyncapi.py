"""The native protocol as AsyncAPI 3.0."""

from __future__ import annotations

from typing import Any, Final

from .native.codes import CHAT_ERRORS, CLOSES, ERRORS
from .native.events import STREAMS, Stream
from .native.methods import METHODS
from .native.resources import RESOURCES
from .shapes import ref

Json = dict[str, Any]  # Any: JSON

RPC: Final = "rpc"
VERSION: Final = "2"
ABOUT: Final = (
    "The Centrifuge client protocol, version 2, in JSON or Protobuf: clients use an official SDK. This document lists "
    "what an application says through it: RPC methods (`rpc.method`, `rpc.data`) and the data of publications."
)


def asyncapi() -> Json:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Native protocol", "version": VERSION, "description": _description()},
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {
                "host": "{host}",
                "pathname": "/connection/websocket",
                "protocol": "ws",
                "variables": {"host": {"default": "127.0.0.1:8080"}},
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {RPC: _rpc_channel(), **{stream.key: _channel(stream) for stream in STREAMS}},
        "operations": {**_calls(), **{f"on.{stream.key}": _pushes(stream) for stream in STREAMS}},
        "components": {
            "schemas": dict(RESOURCES),
            "securitySchemes": {
                "token": {"type": "httpApiKey", "in": "header", "name": "token", "description": _TOKEN},
            },
        },
    }


_TOKEN: Final = "An access token, as `token` of the `connect` command rather than as a header"


def _description() -> str:
    errors = [f"- {code}: {text}" for code, text in ERRORS.items()]
    closes = [f"- {code}: {text}" for code, text in CLOSES.items()]
    return "\n".join([ABOUT, "", "Errors:", "", *errors, f"- {CHAT_ERRORS}", "", "Close codes:", "", *closes])


def _rpc_channel() -> Json:
    """Calls have no channel of the protocol, so this one has no address."""
    messages: Json = {"error": {"name": "error", "title": "Any method may fail", "payload": ref("Error")}}
    for method in METHODS.values():
        messages[f"{method.name}.params"] = {"name": method.name, "payload": method.params}
        messages[f"{method.name}.result"] = {"name": method.name, "payload": method.result}
    return {"address": None, "title": "Calls and their answers", "messages": messages}


def _channel(stream: Stream) -> Json:
    messages = {
        p.type.value: {"name": p.type.value, "summary": p.about, "payload": p.shape} for p in stream.publications
    }
    channel: Json = {"address": stream.address, "description": stream.about, "messages": messages}
    if "{" in stream.address:
        channel["parameters"] = {"channel": {"description": "SID of the chat channel"}}
    return channel


def _calls() -> Json:
    return {
        method.name: {
            "action": "receive",
            "summary": method.about,
            "tags": [{"name": method.group}],
            "channel": _channel_ref(RPC),
            "messages": [_message_ref(RPC, f"{method.name}.params")],
            "reply": {
                "channel": _channel_ref(RPC),
                "messages": [_message_ref(RPC, f"{method.name}.result"), _message_ref(RPC, "error")],
            },
        }
        for method in METHODS.values()
    }


def _pushes(stream: Stream) -> Json:
    return {
        "action": "send",
        "summary": stream.about,
        "channel": _channel_ref(stream.key),
        "messages": [_message_ref(stream.key, publication.type.value) for publication in stream.publications],
    }


def _channel_ref(key: str) -> Json:
    return {"$ref": f"#/channels/{key}"}


def _message_ref(channel: str, message: str) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}
