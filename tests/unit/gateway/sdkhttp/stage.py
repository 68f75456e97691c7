"""Requests by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from gateway.sdkhttp.exchange import SdkRequest, SdkResponse
from gateway.sdkhttp.session import SdkSession


def request(
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/x",
    params: Mapping[str, tuple[str, ...]] | None = None,
    content_type: str = "application/json",
) -> SdkRequest:
    """From nobody."""
    return SdkRequest(
        method=method,
        path=path,
        params=params or {},
        body=body,
        content_type=content_type,
        headers={},
        session=cast("SdkSession", None),
    )


def body_of(response: SdkResponse) -> Any:
    assert response.body is not None
    return json.loads(response.body)
