from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.domain.ids import ChannelSid, MediaSid, MessageSid, ServiceSid, UserSid
from chatcore.domain.model import Media
from chatcore.domain.pushes import PushEvent
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import ActingUser, PushedMessage
from push import render
from push.graphemes import cut
from push.happenings import Happening

CHAT, OWN = Vocabulary.CHAT, Vocabulary.CONVERSATIONS


def happening(
    event: PushEvent = PushEvent.NEW_MESSAGE,
    *,
    friendly: str | None = "Friends",
    unique: str | None = "general",
    by: str | None = "alice",
) -> Happening:
    return Happening(
        event=event,
        event_id="IM1",
        at=datetime(2026, 5, 17, tzinfo=UTC),
        service_sid=ServiceSid("IS1"),
        channel_sid=ChannelSid("CH1"),
        friendly_name=friendly,
        unique_name=unique,
        by=by,
        identities=None,
        message_sid=MessageSid("IM1") if event is PushEvent.NEW_MESSAGE else None,
        message_index=0 if event is PushEvent.NEW_MESSAGE else None,
    )


ALICE = ActingUser(sid=UserSid("US1"), friendly_name="Alice A.")
FILES = (
    Media(sid=MediaSid("ME1"), content_type="image/png", filename="cat.png", size=1),
    Media(sid=MediaSid("ME2"), content_type="image/gif", filename=None, size=1),
)


def rendered(template: str | None, body: str | None = "hello", **fields: str | None) -> str:
    told = happening(**fields)  # type: ignore[arg-type]  # names of the channel
    values = render.variables(told, ALICE, PushedMessage(body=body, media=FILES))
    return render.text(template, CHAT, told.event, values)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("${CHANNEL} ${CHANNEL_FRIENDLY_NAME} ${CHANNEL_UNIQUE_NAME} ${CHANNEL_SID}", "general Friends general CH1"),
        ("${CONVERSATION} ${CONVERSATION_FRIENDLY_NAME} ${CONVERSATION_SID}", "general Friends CH1"),
        ("${USER} ${USER_FRIENDLY_NAME} ${USER_IDENTITY} ${USER_SID}", "Alice A. Alice A. alice US1"),
        ("${PARTICIPANT} ${PARTICIPANT_IDENTITY} ${PARTICIPANT_SID}", "Alice A. alice US1"),
        ("${MESSAGE}/${MEDIA}/${MEDIA_COUNT}", "hello/cat.png, image/gif/2"),
        ("${UNKNOWN} ${user} $USER ${} ${USER", "${UNKNOWN} ${user} $USER ${} ${USER"),
        ("a\x00b\x1bc\nd\te\x7f\ud800", "abc\nd\te\ufffd"),
        ("<b>*${USER}*</b>", "<b>*Alice A.*</b>"),
        (None, "general;Alice A.: hello"),
        ("", "general;Alice A.: hello"),
        (" \n ", "general;Alice A.: hello"),
        ("\x01", "general;Alice A.: hello"),
    ],
)
def test_templates(template: str | None, text: str) -> None:
    assert rendered(template) == text


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert rendered("${MESSAGE}", "${USER} ${MESSAGE} $") == "${USER} ${MESSAGE} $"
    assert rendered("${CHANNEL}", unique="${MESSAGE}") == "${MESSAGE}"


@pytest.mark.parametrize(
    ("friendly", "unique", "text"),
    [(None, None, "CH1|CH1|CH1"), ("F", None, "F|F|F"), (None, "U", "U|U|U"), ("F", "U", "U|F|U")],
)
def test_names_of_channels(friendly: str | None, unique: str | None, text: str) -> None:
    template = "${CHANNEL}|${CHANNEL_FRIENDLY_NAME}|${CHANNEL_UNIQUE_NAME}"
    assert rendered(template, friendly=friendly, unique=unique) == text


def test_who_acted_may_be_the_server_or_gone() -> None:
    told = happening(PushEvent.ADDED, by=None)
    assert render.text(None, CHAT, told.event, render.variables(told, None, None)) == (
        "You have been added to channel general by system"
    )
    told = happening(PushEvent.REMOVED)
    assert render.text(None, OWN, told.event, render.variables(told, None, None)) == (
        "alice has removed you from the conversation general"
    )


def test_variables_of_messages_are_unknown_elsewhere() -> None:
    told = happening(PushEvent.ADDED)
    assert render.text("${MESSAGE}", CHAT, told.event, render.variables(told, ALICE, None)) == "${MESSAGE}"


def test_a_message_without_text() -> None:
    assert rendered("${USER}: ${MESSAGE}", None) == "Alice A.: "


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("abcdef", 3, "abc"),
        ("abc", 3, "abc"),
        ("ae\u0301x", 2, "a"),
        ("a👩\u200d👩\u200d👧b", 3, "a"),
        ("a👍🏽b", 2, "a"),
        ("🇩🇪🇫🇷", 3, "🇩🇪"),
        ("🇩🇪🇫🇷", 2, "🇩🇪"),
        ("가\u1100\u1161\u11a8", 2, "가"),
        ("a❤\ufe0f", 2, "a"),
        ("a\r\nb", 2, "a"),
        ("e" + "\u0301" * 9, 4, "e" + "\u0301" * 3),
    ],
)
def test_texts_are_cut_between_what_readers_see_as_characters(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit) == kept


@given(st.text(), st.text())
def test_whatever_the_template_there_is_a_text_of_bounded_length(template: str, body: str) -> None:
    text = rendered(template, body)
    assert text.strip()
    assert len(text) <= render.CHARACTERS
    text.encode()
