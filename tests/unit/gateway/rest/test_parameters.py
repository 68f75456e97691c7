from __future__ import annotations

import pytest

from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.rest.parameters import http_url


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "https://example.org:8443/a?b=c", "http://[::1]:80/", "https://user:pw@example.org/é"],
)
def test_absolute_urls_are_kept_as_given(url: str) -> None:
    assert http_url(Form([("Url", url)]), "Url", 50077, None) == url


@pytest.mark.parametrize("url", ["http:/x", "//example.org", "http://", "http://:80", "http://x:0", "http://a\nb", "x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(HttpError) as refused:
        http_url(Form([("Url", url)]), "Url", 50077, None)
    assert (refused.value.status, refused.value.code) == (400, 50077)


def test_an_empty_url_clears_and_none_changes_nothing() -> None:
    assert http_url(Form([("Url", "")]), "Url", 50077, "http://held") is None
    assert http_url(Form(), "Url", 50077, "http://held") == "http://held"
