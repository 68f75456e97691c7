"""Broken variants of good frames, from a seed, at about a microsecond each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

SPICE = (
    b"",
    b"\x00",
    b"\xff",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xff\xff\xff\xff\x0f",
    b"\r\n",
    b"\n",
    b"{",
    b"}",
    b"[" * 40,
    b'{"a":' * 40,
    b"]",
    b'"',
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xc0\x80",
    b"\xef\xbb\xbf",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"NaN",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"9" * 400,
    b"0.1",
    b",",
    b":",
    b"%00",
    b"%zz",
    b"../",
    b" ",
    b"\t",
    b"x" * 300,
    b"chat:",
    b"me",
    b"live",
)
"""What parsers and those who read after them have stumbled over before."""


_SPICES = len(SPICE)


def mutations(corpus: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """For ever: mostly one mutation of one good frame, sometimes several, sometimes two frames grown together."""
    chance = Random(seed).random
    count = len(corpus)
    while True:
        data = corpus[int(chance() * count)]
        kind = int(chance() * 16)
        if kind == 15:
            other = corpus[int(chance() * count)]
            data = data[: int(chance() * len(data))] + other[int(chance() * len(other)) :]
        yield _mutated(data, chance()) if kind < 12 else _mutated(_mutated(data, chance()), chance())


def _mutated(data: bytes, chance: float) -> bytes:
    """One number chooses the mutation, by its first digits the kind, by later ones the place and what is put there."""
    scaled = chance * 6
    kind = int(scaled)
    scaled = (scaled - kind) * (len(data) + 1)
    at = int(scaled)
    rest = scaled - at
    match kind:
        case 0:  # another byte
            return b"%b%c%b" % (data[:at], int(rest * 256), data[at + 1 :])
        case 1:  # a few less
            return data[:at] + data[at + 1 + int(rest * 8) :]
        case 2:  # no end
            return data[:at]
        case 3:  # something in between
            return data[:at] + SPICE[int(rest * _SPICES)] + data[at:]
        case 4:  # something instead
            return data[:at] + SPICE[int(rest * _SPICES)] + data[at + 1 + int(rest * 16) :]
        case _:  # a part twice
            return data[: at + 1 + int(rest * 32)] + data[at:]
