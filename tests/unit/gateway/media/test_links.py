from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chatcore.domain.ids import MediaSid, new_sid
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.media.links import CONTENT_LIFETIME, UPLOAD_LIFETIME, SignedLinks, Use

SID = MediaSid(new_sid("ME"))
BASE = "https://chat.example.org/below"


class Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 17, 12, 0, 0, 500_000, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 0.0


def query_of(url: str, **other: str) -> Form:
    held = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return Form({**held, **other}.items())


@pytest.mark.parametrize(("use", "lifetime"), [(Use.CONTENT, CONTENT_LIFETIME), (Use.UPLOAD, UPLOAD_LIFETIME)])
def test_a_link_works_until_it_expires(use: Use, lifetime: timedelta) -> None:
    clock = Hands()
    links = SignedLinks(["secret"], clock)
    link = links.make(use, SID, BASE)
    assert link.url.startswith(f"{BASE}/{use}/{SID}?exp=")
    assert links.check(use, SID, query_of(link.url)) == link.expires_at
    clock.time = link.expires_at - timedelta(milliseconds=1)
    links.check(use, SID, query_of(link.url))
    assert link.expires_at <= Hands().time + lifetime
    clock.time = link.expires_at
    with pytest.raises(HttpError) as refused:
        links.check(use, SID, query_of(link.url))
    assert (refused.value.status, refused.value.code) == (403, 20403)


@pytest.mark.parametrize(
    "other",
    [
        {"exp": "99999999999"},
        {"exp": "1"},
        {"exp": ""},
        {"exp": "1e9"},
        {"exp": "٣"},
        {"exp": "9" * 40},
        {"sig": ""},
        {"sig": "A" * 43},
        {"sig": "é"},
    ],
)
def test_a_changed_link_is_refused(other: dict[str, str]) -> None:
    links = SignedLinks(["secret"], Hands())
    with pytest.raises(HttpError) as refused:
        links.check(Use.CONTENT, SID, query_of(links.make(Use.CONTENT, SID, BASE).url, **other))
    assert refused.value.status == 403


def test_a_link_is_for_one_file_and_one_use() -> None:
    links = SignedLinks(["secret"], Hands())
    query = query_of(links.make(Use.CONTENT, SID, BASE).url)
    for use, sid in ((Use.UPLOAD, SID), (Use.CONTENT, new_sid("ME")), (Use.CONTENT, "nonsense")):
        with pytest.raises(HttpError):
            links.check(use, sid, query)
    with pytest.raises(HttpError):
        links.check(Use.CONTENT, SID, Form())


def test_every_node_and_every_configured_key_accepts_a_link() -> None:
    old = SignedLinks(["old"], Hands()).make(Use.CONTENT, SID, BASE)
    SignedLinks(["new", "old"], Hands()).check(Use.CONTENT, SID, query_of(old.url))
    with pytest.raises(HttpError):
        SignedLinks(["new"], Hands()).check(Use.CONTENT, SID, query_of(old.url))
    assert SignedLinks(["new", "old"], Hands()).make(Use.CONTENT, SID, BASE).url != old.url


def test_links_need_a_key() -> None:
    with pytest.raises(ValueError, match="secret key"):
        SignedLinks([], Hands())
