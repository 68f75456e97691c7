"""`python -m tests.faults.stepped`: a gateway or push worker whose wall clock can be stepped from outside.

What is stepped is what the process reads of the time of day: `time.time` everywhere, and `datetime.now` in every module
of the product. The monotonic clock goes on, as it does when an administrator or NTP steps a machine's time.
STEPPED_PROGRAM is `gateway` or `push`; STEPPED_BY is a file that holds the seconds to add, as eight bytes.
"""

from __future__ import annotations

import importlib
import mmap
import os
import struct
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

_OFFSET = struct.Struct("<d")
_PRODUCT = ("chatcore", "gateway", "push")


def step(file: Path, seconds: float) -> None:
    """How far the clock of processes that were given this file is off from now on; the first call makes the file."""
    if not file.exists():
        file.write_bytes(_OFFSET.pack(seconds))
        return
    with file.open("r+b") as open_file:
        open_file.write(_OFFSET.pack(seconds))


class _Stepped(datetime):
    """Makes plain datetimes, so that nobody can tell the difference."""

    def __new__(cls, *args: Any, **kwargs: Any) -> datetime:  # type: ignore[misc]  # Any: whatever datetime takes
        return datetime(*args, **kwargs)  # noqa: DTZ001  # as the caller wants it

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=_offset())


def _map(file: Path) -> mmap.mmap:
    with file.open("rb") as open_file:
        return mmap.mmap(open_file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)


def _offset() -> float:
    seconds: float = _OFFSET.unpack_from(_shared)[0]
    return seconds


def _install() -> None:
    real = time.time
    time.time = lambda: real() + _offset()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _PRODUCT and getattr(module, "datetime", None) is datetime:
            module.datetime = _Stepped  # type: ignore[attr-defined]


if __name__ == "__main__":
    _shared = _map(Path(os.environ["STEPPED_BY"]))
    main = importlib.import_module(f"{os.environ['STEPPED_PROGRAM']}.main")
    _install()
    main.main()
