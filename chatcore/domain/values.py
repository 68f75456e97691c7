"""Values of the hot path: immutable to the type checker, plain objects at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """What `dataclass(frozen=True, slots=True, kw_only=True)` means, for types of which every message makes several:
    a frozen dataclass sets each field through `object.__setattr__`, and so takes five times as long to make."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
