"""Loading named statements."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatcore.store import queries


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    return tmp_path


def test_statements_are_told_apart_by_name(folder: Path) -> None:
    (folder / "books.sql").write_text("-- name: one\n-- sid\nSELECT $1;\n\n-- name: two\nSELECT\n  2;\n")
    assert dict(queries.load("books")) == {"one": "-- sid\nSELECT $1", "two": "SELECT\n  2"}
    assert queries.aggregates() == ["books"]


def test_a_name_is_given_once(folder: Path) -> None:
    (folder / "twins.sql").write_text("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n")
    with pytest.raises(ValueError, match=r"twins\.sql has two statements called one"):
        queries.load("twins")


def test_statements_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        queries.load("roles")["get"] = "SELECT 1"  # type: ignore[index]  # that it is refused is the point
