"""A prompt cut into quoted text, words and the things it says it does not want."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from imgforge_mcp.local.language.foreign import LATIN, in_english

_LONGEST = 8000
_MOST_WORDS = 400
_QUOTED = re.compile(
    r"\"([^\"\n]{1,80})\"|“([^”\n]{1,80})”|«([^»\n]{1,80})»|「([^」\n]{1,80})」|(?<!\w)'([^'\n]{2,60})'(?!\w)"
)
_SAYING = re.compile(
    r"(?:says?|saying|reads?|reading|titled|text|words?|lettering|caption|captioned|called|named)[:\s]+((?:[A-Z][A-Z0-9!&'?.-]*\s?){1,6})(?=$|[\s,.;])"
)
_NOT = re.compile(r"\b(?:no|without|not|excluding|except|minus)\s+(?:any\s+|a\s+|an\s+|the\s+)?([a-z]+)", re.IGNORECASE)
_STOREYS = re.compile(
    r"\b(?:\d+|one|two|three|four|five|multi|single|double)[- ]"
    r"(?:stor(?:e?y|ies|eyed|ied)|bedroom|door|piece|tone|point|wheeled?)\b"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class Cut:
    """`breaks` are the places of words that stand after a comma or a full stop."""

    words: tuple[str, ...]
    quoted: tuple[str, ...]
    unwanted: frozenset[str]
    breaks: frozenset[int]


def cut(prompt: str, negative: str | None) -> Cut:
    text = _clean(prompt)
    quoted = tuple(t for found in _QUOTED.finditer(text) if (t := next(g for g in found.groups() if g).strip()))
    text = _QUOTED.sub(" ", text)
    said = _SAYING.search(text)
    if said and not quoted and len(said.group(1).strip()) > 1:
        quoted = (said.group(1).strip(" ."),)
        text = text[: said.start(1)] + " " + text[said.end(1) :]
    unwanted = {found.group(1).lower() for found in _NOT.finditer(text)}
    text = _NOT.sub(" ", text)
    unwanted |= set(words_of(_clean(negative or "")))
    words, breaks = _with_breaks(text)
    return Cut(tuple(words[:_MOST_WORDS]), quoted[:3], frozenset(unwanted), breaks)


def words_of(text: str) -> list[str]:
    return _with_breaks(text)[0]


def _with_breaks(text: str) -> tuple[list[str], frozenset[int]]:
    """The words, and the places before which a comma or a full stop stands."""
    low = _STOREYS.sub(" ", in_english(text.lower())).replace("b&w", "black and white").replace("’", "'")
    words: list[str] = []
    breaks: set[int] = set()
    end = 0
    for found in _WORD.finditer(low):
        if set(",;.:!?\n") & set(low[end : found.start()]):
            breaks.add(len(words))
        words += LATIN.get(word := found.group().removesuffix("'s"), word).split()
        end = found.end()
    return words, frozenset(breaks)


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:_LONGEST])
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
