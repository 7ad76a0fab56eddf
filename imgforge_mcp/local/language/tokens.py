"""A prompt cut into quoted text, words and the things it says it does not want."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from imgforge_mcp.local.language import emoji, foreign
from imgforge_mcp.local.language.concepts import COLOURS

_LONGEST = 8000
_MOST_WORDS = 400
_MOST_TEXTS = 3
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
_BOOKISH = re.compile(
    r"\b(?:children|child|kid)(?:'s|s'|s)?[- ](?:picture |story )?book\b(?= (?:illustration|style|art|drawing))"
)
"""Says how a picture is made, and names neither children nor a book."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class Cut:
    """`said` is each word as the prompt has it; `breaks` are the places of words after a comma or a full stop."""

    words: tuple[str, ...]
    said: tuple[str, ...]
    quoted: tuple[str, ...]
    unwanted: frozenset[str]
    breaks: frozenset[int]


def cut(prompt: str, negative: str | None) -> Cut:
    text = _clean(prompt)
    quoted = tuple(t for found in _QUOTED.finditer(text) if (t := next(g for g in found.groups() if g).strip()))
    text = _QUOTED.sub(" ", text)
    written = _SAYING.search(text)
    if written and not quoted and len(written.group(1).strip()) > 1:
        quoted = (written.group(1).strip(" ."),)
        text = text[: written.start(1)] + " " + text[written.end(1) :]
    unwanted = {found.group(1).lower() for found in _NOT.finditer(text)}
    text = _NOT.sub(" ", text)
    unwanted |= set(words_of(_clean(negative or "")))
    words, said, breaks = _with_breaks(text)
    return Cut(tuple(words[:_MOST_WORDS]), tuple(said[:_MOST_WORDS]), quoted[:_MOST_TEXTS], frozenset(unwanted), breaks)


def words_of(text: str) -> list[str]:
    return _with_breaks(text)[0]


def _with_breaks(text: str) -> tuple[list[str], list[str], frozenset[int]]:
    """The words in English, the same as they were written, and the places before which the sentence pauses."""
    low = _STOREYS.sub(" ", text.lower()).replace("b&w", "black and white").replace("’", "'")
    low = _BOOKISH.sub(" ", low)
    language = foreign.language_of([found.group() for found in _WORD.finditer(low)])
    words: list[str] = []
    said: list[str] = []
    breaks: set[int] = set()
    for piece, english in (
        (part, told or english)
        for chunk, told in emoji.split(low)
        for part, english in ([(chunk, told)] if told else foreign.split(chunk))
    ):
        if english:
            if english.startswith(emoji.MARK):
                breaks.add(len(words))
            words += english.split()
            said += [piece] * len(english.split())
            continue
        end = 0
        for found in _WORD.finditer(piece):
            if set(",;.:!?\n") & set(piece[end : found.start()]):
                breaks.add(len(words))
            end = found.end()
            word = found.group().removesuffix("'s")
            if foreign.is_small_word(word, language):
                continue
            english_words = foreign.in_english(word, language).split()
            words += english_words
            said += [word] * len(english_words)
        if set(",;.:!?\n") & set(piece[end:]):
            breaks.add(len(words))
    if language in ("fr", "es", "it", "pt"):
        _colours_first(words, said, breaks)
    return words, said, frozenset(breaks)


def _colours_first(words: list[str], said: list[str], breaks: set[int]) -> None:
    """As English has them: 'chat noir' is a black cat."""
    for at in range(1, len(words)):
        if words[at] in COLOURS and words[at - 1] not in COLOURS and at not in breaks:
            words[at - 1 : at + 1] = words[at], words[at - 1]
            said[at - 1 : at + 1] = said[at], said[at - 1]


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:_LONGEST])
    return "".join(c if c.isprintable() or c in "\n\u200d" else " " for c in text)
