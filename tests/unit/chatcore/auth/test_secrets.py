from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.auth.secrets import SecretBox, SecretUnreadableError


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_was_sealed_opens_again(secret: str) -> None:
    box = SecretBox(["one"])
    assert box.open(box.seal(secret)) == secret


def test_any_configured_key_opens_and_the_first_one_seals() -> None:
    old, rotated, new = SecretBox(["old"]), SecretBox(["new", "old"]), SecretBox(["new"])
    assert rotated.open(old.seal("x")) == "x"
    assert new.open(rotated.seal("x")) == "x"


def test_a_secret_of_a_forgotten_key_is_unreadable() -> None:
    with pytest.raises(SecretUnreadableError):
        SecretBox(["new"]).open(SecretBox(["old"]).seal("x"))


def test_sealed_bytes_do_not_contain_the_secret_and_never_repeat() -> None:
    box = SecretBox(["one"])
    first, second = box.seal("visible"), box.seal("visible")
    assert b"visible" not in first
    assert first != second


def test_tampered_bytes_are_unreadable() -> None:
    box = SecretBox(["one"])
    sealed = bytearray(box.seal("x"))
    sealed[20] ^= 1
    with pytest.raises(SecretUnreadableError):
        box.open(bytes(sealed))


@pytest.mark.parametrize("keys", [[], [""], ["one", ""]])
def test_missing_and_empty_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="secret key"):
        SecretBox(keys)
