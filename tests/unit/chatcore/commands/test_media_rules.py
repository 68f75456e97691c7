from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatcore.commands.media_rules import content_type, filename, key_of, labels, passive
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import MediaSid, ServiceSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import MediaCategory

NOW = datetime(2026, 5, 17, tzinfo=UTC)
FILE = MediaFile(
    sid=MediaSid(f"ME{'0' * 30}7f"),
    service_sid=ServiceSid(f"IS{'0' * 32}"),
    author=None,
    category=MediaCategory.MEDIA,
    content_type="image/png",
    filename="a.png",
    size=1,
    multipart=False,
    channel_sid=None,
    message_sid=None,
    message_index=None,
    uploaded_at=NOW,
    date_created=NOW,
    date_updated=NOW,
)


@pytest.mark.parametrize(
    "text",
    [
        "image/png",
        "text/plain; charset=utf-8",
        'text/plain;charset="utf 8"',
        "application/vnd.oasis.opendocument.text",
        "image/svg+xml;",
        "multipart/mixed ; boundary=a",
    ],
)
def test_a_content_type_is_kept_as_given(text: str) -> None:
    assert content_type(text) == text


def test_no_content_type_is_any_bytes() -> None:
    assert content_type("") == content_type("  ") == "application/octet-stream"


@pytest.mark.parametrize(
    "text",
    ["image", "image/", "/png", "*/*", "image/*", "image/png, text/html", "a b/c", "image/png; x", "image/png\r\nX: y",
     "image/p\x00ng", "ïmage/png", "image/" + "x" * 300, "image/png; a=\"b"],
)  # fmt: skip
def test_what_is_no_content_type_is_refused(text: str) -> None:
    with pytest.raises(ChatError) as refused:
        content_type(text)
    assert refused.value.code is Code.MEDIA_TYPE_INVALID


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.png", "a.png"),
        ("žluťoučký kůň 🐎.png", "žluťoučký kůň 🐎.png"),
        ("C:\\fakepath\\a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\t.png", "ab.png"),
        ("exe.\u202egpj", "exe.gpj"),
        (" a.png ", "a.png"),
        ("", None),
        (None, None),
        ("folder/", None),
        ("\x07", None),
        ("..", ".."),
        ("x" * 300 + ".png", "x" * 252 + ".png"),
        ("x" * 300, "x" * 256),
        ("a." + "x" * 300, "a." + "x" * 254),
    ],
)
def test_a_filename_is_cleaned(given: str | None, kept: str | None) -> None:
    assert filename(given) == kept


@pytest.mark.parametrize("given", ["a\x00b", "a\ud800b"])
def test_a_filename_that_cannot_be_stored_is_refused(given: str) -> None:
    with pytest.raises(ChatError) as refused:
        filename(given)
    assert refused.value.code is Code.INVALID_PARAMETER


def test_a_key_is_made_of_sids() -> None:
    assert key_of(FILE.service_sid, FILE.sid) == f"{FILE.service_sid}/7f/{FILE.sid}"


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/JPEG", "video/mp4", "audio/ogg; codecs=opus", "application/pdf"])
def test_what_cannot_run_may_be_shown(kind: str) -> None:
    assert passive(replace(FILE, content_type=kind))
    assert labels(replace(FILE, content_type=kind)).content_disposition.startswith("inline")


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "IMAGE/SVG", "text/xml", "application/javascript", "application/octet-stream",
     "application/xhtml+xml", "text/plainly", "x/text/plain"],
)  # fmt: skip
def test_what_may_run_is_only_saved(kind: str) -> None:
    assert not passive(replace(FILE, content_type=kind))
    assert labels(replace(FILE, content_type=kind)).content_disposition.startswith("attachment")


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        (None, "inline"),
        ("a.png", 'inline; filename="a.png"'),
        ("a b'c.png", 'inline; filename="a b\'c.png"'),
        ("ä.png", "inline; filename=\"_.png\"; filename*=UTF-8''%C3%A4.png"),
        ('say "hi"\\50%.png', "inline; filename=\"say _hi__50_.png\"; filename*=UTF-8''say%20%22hi%22%5C50%25.png"),
    ],
)
def test_names_are_written_so_that_every_client_reads_them(name: str | None, disposition: str) -> None:
    headers = labels(replace(FILE, filename=name))
    assert (headers.content_type, headers.content_disposition) == ("image/png", disposition)
    assert disposition.isascii()
