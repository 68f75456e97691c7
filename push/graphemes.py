"""Where a text may be cut without tearing apart what a reader sees as one character (UAX #29, as far as it matters)."""

from __future__ import annotations

import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})


def cut(text: str, characters: int) -> str:
    """At most so many code points from the beginning."""
    if len(text) <= characters:
        return text
    end = characters
    while end > 0 and _belong_together(text, end):
        end -= 1
    return text[: end or characters]  # one endless cluster is cut all the same


def _belong_together(text: str, at: int) -> bool:
    """The code points before and after this place."""
    before, after = text[at - 1], text[at]
    code = ord(after)
    if after == _JOINER or before == _JOINER or unicodedata.category(after) in _MARKS:
        return True
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:  # tones of skin, tags of flags
        return True
    if 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FB:  # vowels and finals of Hangul syllables
        return True
    if before == "\r" and after == "\n":
        return True
    if _regional(after):
        run = 0
        while run < at and _regional(text[at - 1 - run]):
            run += 1
        return run % 2 == 1
    return False


def _regional(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF
