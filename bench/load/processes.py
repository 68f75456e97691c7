"""CPU time and memory of processes, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """Seconds."""

    user: float = 0.0
    system: float = 0.0

    @property
    def total(self) -> float:
        return self.user + self.system

    def __add__(self, other: Cpu) -> Cpu:
        return Cpu(user=self.user + other.user, system=self.system + other.system)

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(user=self.user - other.user, system=self.system - other.system)


def cpu(pids: Iterable[int]) -> Cpu:
    """Sum over the processes, children that they have already waited for included; resolution 10 ms."""
    total = Cpu()
    for pid in pids:
        fields = _stat(pid)
        if fields is not None:
            user, system, dead_user, dead_system = (int(value) * _TICK for value in fields[11:15])
            total += Cpu(user=user + dead_user, system=system + dead_system)
    return total


def resident(pids: Iterable[int]) -> int:
    """Bytes of resident memory."""
    return sum(int(fields[21]) * _PAGE for pid in pids if (fields := _stat(pid)) is not None)


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    except OSError:
        return []


def environment(pid: int) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if entry)
    return {name: value for name, _, value in pairs}


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the third (state) on: the second one may hold blanks and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
