"""The words of a text, as both databases index them. Pure: no I/O.

Each database would find words of its own: PostgreSQL keeps `intro.mp4` together as a host name, and folds case by the
locale of the server; SQLite knows the letters of Unicode 6.1. So the words are found here, and the databases index them
as they are.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORD = 255
"""Characters of a word that count. PostgreSQL indexes words of at most 2,046 bytes."""

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of `text`, each once, without case and accents: runs of letters and digits."""
    if text.isascii():
        plain = text.lower()
    else:
        # A character may fold to one that decomposes.
        folded = _decomposed(_decomposed(text).casefold())
        plain = "".join(letter for letter in folded if not unicodedata.category(letter).startswith("M"))
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(plain)))


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)
