"""What `chatcore up` prints once every part answers: a block for people and one line for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECRET = ("auth_token", "api_key_secret")


def base_url(host: str, port: int, *, tls: bool) -> str:
    """Where a gateway is reached from this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    name = f"[{reachable}]" if ":" in reachable else reachable
    return f"{'https' if tls else 'http'}://{name}:{port}"


def description(nodes: Sequence[str], identifiers: Mapping[str, str], *, secrets: bool) -> dict[str, object]:
    """The object of the machine-readable line. Without `secrets` the two secret members are left out."""
    socket_url = "ws" + nodes[0].removeprefix("http")
    shown = {name: value for name, value in identifiers.items() if secrets or name not in _SECRET}
    return {
        "url": nodes[0],
        "websocket": f"{socket_url}/connection/websocket",
        "twilsock": f"{socket_url}/v3/wsconnect",
        "nodes": list(nodes),
        **shown,
    }


def block(ready: Mapping[str, object], data_dir: Path, where: Mapping[str, str]) -> str:
    """The readable block, then the machine-readable line. `where` says where each kind of data lives."""
    url, service = ready["url"], ready["service_sid"]
    user = f"{ready['account_sid']}:{ready.get('auth_token', '<auth token>')}"
    channels = f"{url}/v2/Services/{service}/Channels"
    nodes = ready["nodes"]
    others = f"   (all nodes: {', '.join(map(str, nodes))})" if isinstance(nodes, list) and len(nodes) > 1 else ""
    lines = [
        "",
        f"  Chat server ready at {url}{others}",
        "",
        f"  native protocol   {ready['websocket']}",
        f"  Twilio SDKs       {ready['twilsock']}",
        f"  API reference     {url}/docs",
        f"  account           {ready['account_sid']}" + _secret(ready, "auth_token", "auth token"),
        f"  API key           {ready['api_key_sid']}" + _secret(ready, "api_key_secret", "secret"),
        f"  service           {service}",
        "",
    ]
    if "auth_token" in ready:
        lines += ["  A token for a client:", f"    curl '{url}/token?identity=alice'"]
    else:
        lines += [
            "  A token for a client:",
            f"    curl -u '{user}' '{url}/token' -d identity=alice -d service_sid={service}",
        ]
    lines += [
        "  The first message:",
        f"    curl -u '{user}' '{channels}' -d UniqueName=general",
        f"    curl -u '{user}' '{channels}/general/Messages' -d From=alice -d 'Body=Hello'",
        "",
        *(f"  {kind:<17} {place}" for kind, place in where.items()),
        f"  logs, secrets     {data_dir}",
        "  Ctrl-C stops everything in order.",
        "",
        "CHAT READY " + json.dumps(ready, separators=(",", ":")),
    ]
    return "\n".join(lines)


def _secret(ready: Mapping[str, object], member: str, label: str) -> str:
    return f"   {label} {ready[member]}" if member in ready else ""
