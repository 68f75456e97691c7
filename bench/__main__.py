"""`python -m bench`: measures the figures of bench/README.md here. `python -m bench load`: a load generator."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench import arguments
from bench.figures import ALIASES, FIGURES
from bench.load import machine, summary
from bench.load.result import Result, progress, say, show, show_machine, write
from bench.load.summary import Failure
from bench.rig import load

_OTHER_FILES = 512
"""What a gateway opens beside its sockets, and some."""


def main() -> int:
    # Whatever ends this program, the servers it started are stopped on the way out.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if sys.argv[1:2] == ["load"]:
        return load.main(sys.argv[2:])
    options = arguments.parse(list(FIGURES), ALIASES)
    machine.raise_file_limit()
    facts = machine.describe()
    show_machine(facts)
    if warning := machine.busy(*machine.load()):
        say(warning)
    if options.runs < 5:
        say("fewer than five runs: for a look, not for a record")
    return _measure_all(options, facts)


def _measure_all(options: argparse.Namespace, facts: dict[str, str]) -> int:
    results: list[Result] = []
    failures: list[Failure] = []
    left = {name: FIGURES[name].seconds(options) for name in options.names}
    started = time.monotonic()
    say(f"{', '.join(options.names)}: about {_minutes(sum(left.values()))} where nothing else runs")
    try:
        for place, name in enumerate(options.names, 1):
            progress(f"{name}, {place} of {len(options.names)}; about {_minutes(sum(left.values()))} left")
            found = _measure(name, options, failures)
            del left[name]
            results += found
            for result in found:
                show(result)
    except KeyboardInterrupt:
        failures += [Failure(figure=name.upper(), reason="interrupted") for name in left]
    summary.show(results, failures)
    say(f"{_minutes(time.monotonic() - started)}; {facts['cores']} cores, load before {facts['load before']}")
    if results:
        say(str(write(results, facts, options.results)))
    return 1 if failures else 0


def _measure(name: str, options: argparse.Namespace, failures: list[Failure]) -> list[Result]:
    """Empty, and one failure more, where there is no result."""
    if problem := machine.missing_files(FIGURES[name].sockets(options) + _OTHER_FILES):
        say(f"\n{name}: no result: {problem}")
        failures.append(Failure(figure=name.upper(), reason=problem))
        return []
    with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.scratch, ignore_cleanup_errors=True) as folder:
        # Under root, Postgres runs as another account: it must be able to reach its data below this folder.
        Path(folder).chmod(0o711)
        try:
            found = FIGURES[name].measure(options, Path(folder))
        except Exception as error:
            say(f"\n{name}: no result: {error!r}")
            failures.append(Failure(figure=name.upper(), reason=str(error) or repr(error)))
            return []
    return found if isinstance(found, list) else [found]


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main())
