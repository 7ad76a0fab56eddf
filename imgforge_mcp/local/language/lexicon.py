"""Which drawing a word stands for: as itself, or as another thing of its kind, which is then named; never a guess."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from imgforge_mcp.local.language.aliases import ALIASES, ROLES
from imgforge_mcp.local.language.relatives import RELATIVES, ROLE_RELATIVES, TITLES
from imgforge_mcp.local.sprites.library import library, own_drawings

_HIDDEN_GROUPS = frozenset({"Smileys & Emotion", "People & Body"})
_SHOWN_SMILEYS = frozenset(
    [
        "alien",
        "alien-monster",
        "ghost",
        "robot",
        "skull",
        "pile-of-poo",
        "red-heart",
        "blue-heart",
        "green-heart",
        "purple-heart",
        "orange-heart",
        "yellow-heart",
        "black-heart",
        "white-heart",
        "love-letter",
        "heart-with-arrow",
        "heart-with-ribbon",
        "broken-heart",
        "clown-face",
        "jack-o-lantern",
        "goblin",
        "ogre",
    ]
)
_DEEDS = frozenset({"cooking", "climbing"})
"""Drawings whose names are words of doing."""
_SHOWN_PEOPLE = frozenset(
    [
        *("brain", "eye", "eyes", "ear", "nose", "foot", "tooth", "bone", "anatomical-heart", "lungs", "footprints"),
        *("mermaid", "merman", "fairy", "genie", "vampire", "zombie", "troll", "fingerprint"),
    ]
)


def singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search("(ches|shes|sses|xes|oes)$", word):
        return word[:-2]
    if len(word) > 4 and word.endswith("ves"):
        return word[:-3] + "f"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return {
        "mice": "mouse",
        "geese": "goose",
        "oxen": "ox",
        "wolves": "wolf",
        "leaves": "leaf",
        "people": "people",
    }.get(word, word)


@dataclass(frozen=True, slots=True)
class Named:
    """A drawing for a word; `stands_in` where it is another thing of the word's kind."""

    drawing: str
    sure: float
    stands_in: bool = False


def names() -> dict[str, str]:
    """Words and phrases with spaces to the name of a drawing."""
    return {key: named.drawing for key, named in _names().items()}


def drawing_for(plain: str, single: str) -> Named | None:
    """The surer of a phrase as written and in the singular."""
    known = _names()
    candidates = [known[key] for key in (single, plain) if key in known]
    return max(candidates, key=lambda named: named.sure) if candidates else None


def title(drawing: str) -> str:
    """What the drawing shows, with its article: 'a frog'."""
    if drawing in TITLES:
        return TITLES[drawing]
    art = library().get(drawing)
    name = art.title.lower() if art else drawing.removeprefix("figure:").replace("-", " ")
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


@functools.cache
def _names() -> dict[str, Named]:
    """The surest drawing of a word wins; keywords of the library are not asked: they tell what goes with a thing."""
    found: dict[str, Named] = {}

    def add(words: str, sure: float, name: str, *, stands_in: bool = False) -> None:
        for word in words.split():
            key = word.replace("_", " ")
            if key not in found or sure > found[key].sure:
                found[key] = Named(name, sure, stands_in)

    available = library()
    for name, art in available.items():
        hidden = art.group in _HIDDEN_GROUPS and name not in _SHOWN_SMILEYS | _SHOWN_PEOPLE
        if hidden or name.endswith(("-oclock", "-thirty")) or name in _DEEDS:
            continue
        add(name.replace("-", "_"), 0.95, name)
        add(art.title.replace(" ", "_"), 0.94, name)
    drawn = available.keys() | own_drawings().keys()
    for table, stands_in in ((ALIASES, False), (RELATIVES, True)):
        for name, words in table.items():
            if name in drawn:
                add(words, 1.0, name, stands_in=stands_in)
    for name in own_drawings():
        add(name.replace("-", "_"), 1.1, name)
    for roles, stands_in in ((ROLES, False), (ROLE_RELATIVES, True)):
        for role, words in roles.items():
            add(words, 1.2, "figure:" + role, stands_in=stands_in)
    return found
