"""`python -m bench.micro`: nanoseconds of single functions on this machine, best of five."""

from __future__ import annotations

import sys

from bench.micro import fanout, messages
from bench.micro.timing import nanoseconds


def main() -> None:
    for name, call in messages.cases().items():
        sys.stdout.write(f"{name:32} {nanoseconds(call):9.0f} ns\n")
    for name, call in fanout.cases().items():
        spent = nanoseconds(call, per=fanout.READERS)
        sys.stdout.write(f"{'fan-out, ' + name:32} {spent:9.0f} ns per connection\n")


if __name__ == "__main__":
    main()
