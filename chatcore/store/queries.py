"""Named statements from sql/*.sql, one file per aggregate.

A statement starts with `-- name: x`; the comment lines below it list its parameters in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "sql"

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def aggregates() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


@cache
def load(aggregate: str) -> Mapping[str, str]:
    """The statements of one file by name. Raises ValueError for a name given twice."""
    _, *parts = _NAME.split((FOLDER / f"{aggregate}.sql").read_text(encoding="utf-8"))
    statements: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name in statements:
            raise ValueError(f"{aggregate}.sql has two statements called {name}")
        statements[name] = text.strip().removesuffix(";")
    return MappingProxyType(statements)
