"""What `chatcore doctor` has found out about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    subject: str
    ok: bool
    text: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.ok else 'FAIL'}  {self.subject}: {self.text}"
        return line + (f"\n      -> {self.advice}" if self.advice else "")
