"""CPU of a deployment that runs here, by what its processes are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.load import processes
from bench.load.product import Product


def cpu(product: Product) -> dict[str, float]:
    """Seconds so far."""
    everything = product.everything
    groups: dict[str, list[int]] = {
        f"gateway {number}": [pid] for number, pid in enumerate(sorted(product.gateways), 1)
    }
    groups["worker"] = [pid for pid in everything if processes.command_line(pid)[-2:] == ["-m", "push"]]
    groups["Postgres"] = product.postgres
    groups["Valkey"] = [pid for pid in everything if _program(pid).startswith("valkey-server")]
    known = {pid for pids in groups.values() for pid in pids}
    groups["supervisor"] = [pid for pid in everything if pid not in known and "chatcore" in _arguments(pid)]
    return {name: processes.cpu(pids).total for name, pids in groups.items()}


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}


def resident(product: Product) -> int:
    """Bytes of all gateways."""
    return processes.resident(product.gateways)


def _program(pid: int) -> str:
    line = processes.command_line(pid)
    return Path(line[0].split(" ")[0]).name if line else ""


def _arguments(pid: int) -> list[str]:
    return [Path(word).name for word in processes.command_line(pid)]
