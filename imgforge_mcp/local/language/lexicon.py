"""Which drawing a word stands for: our own names first, then the library's, then near words by vector."""

from __future__ import annotations

import functools
import re

import numpy as np
from numpy.typing import NDArray

from imgforge_mcp.local.language.aliases import ALIASES, ROLES
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
_SHOWN_PEOPLE = frozenset(("brain", "eye", "eyes", "tooth", "bone", "anatomical-heart", "lungs", "footprints"))
# keywords of the library that mean something else in a prompt
_MISLEADING = frozenset(
    (
        "water",
        "concert",
        "diagram",
        "china",
        "japan",
        "italy",
        "france",
        "india",
        "card",
        "cycle",
        "light",
        "game",
        "time",
        "summer",
        "winter",
        "party",
        "cool",
        "sport",
        "sports",
        "hot",
        "cold",
        "sweet",
        "work",
        "school",
        "money",
        "food",
        "drink",
        "animal",
        "nature",
        "fire",
        "power",
        "love",
        "face",
        "hand",
        "body",
        "sleep",
        "night",
        "weather",
        "travel",
        "vacation",
        "holiday",
        "music",
        "art",
        "color",
        "sign",
        "symbol",
        "asia",
        "asian",
        "japanese",
        "chinese",
        "mexican",
        "italian",
        "american",
        "king",
        "queen",
    )
)
_NEAR = 0.72


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


def names() -> dict[str, str]:
    """Words and phrases with spaces to the name of a drawing."""
    return {key: name for key, (_, name) in _sure_names().items()}


def drawing_for(plain: str, single: str) -> str | None:
    """The surer of a phrase as written and in the singular."""
    known = _sure_names()
    candidates = [known[key] for key in (single, plain) if key in known]
    return max(candidates, key=lambda entry: entry[0])[1] if candidates else None


@functools.cache
def _sure_names() -> dict[str, tuple[float, str]]:
    """With how sure the word is; the surest drawing of a word wins."""
    found: dict[str, tuple[float, str]] = {}

    def add(key: str, sure: float, name: str) -> None:
        if sure > found.get(key, (0.0, ""))[0]:
            found[key] = (sure, name)

    available = library()
    for name, art in available.items():
        hidden = art.group in _HIDDEN_GROUPS and name not in _SHOWN_SMILEYS | _SHOWN_PEOPLE
        if hidden or name.endswith(("-oclock", "-thirty")):
            continue
        add(name.replace("-", " "), 0.95, name)
        add(art.title, 0.94, name)
        for place, keyword in enumerate(art.keywords[:5]):
            if len(keyword) > 2:
                add(keyword, 0.7 - 0.04 * place, name)
    for name, words in ALIASES.items():
        if name in available or name in own_drawings():
            for word in words.split():
                add(word.replace("_", " "), 1.0, name)
    for name in own_drawings():
        add(name.replace("-", " "), 1.1, name)
    for role, words in ROLES.items():
        for word in words.split():
            add(word.replace("_", " "), 1.2, "figure:" + role)
    return {
        key: (sure, name)
        for key, (sure, name) in found.items()
        if sure >= 0.62 and not (sure < 0.9 and (key.endswith("ing") or key in _MISLEADING))
    }


@functools.cache
def _vectors() -> tuple[dict[str, int], NDArray[np.float32]]:
    from imgforge_mcp.local.sprites.library import DATA

    with np.load(DATA / "words.npz") as table:
        words = str(table["words"]).split("\n")
        vectors = table["vec"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return {word: k for k, word in enumerate(words)}, vectors


def vector(phrase: str) -> NDArray[np.float32] | None:
    index, vectors = _vectors()
    rows = [vectors[index[word]] for word in re.findall("[a-z]+", phrase) if word in index]
    if not rows:
        return None
    mean = np.mean(rows, axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) + 1e-9), np.float32)


@functools.cache
def _near_table() -> tuple[list[str], NDArray[np.float32]]:
    known = [(key, name) for key, name in sorted(names().items()) if " " not in key and not name.startswith("figure:")]
    rows = [(name, v) for key, name in known if (v := vector(key)) is not None]
    return [name for name, _ in rows], np.stack([v for _, v in rows])


def near(word: str) -> str | None:
    """The drawing whose name lies nearest in meaning, if it lies near."""
    direction = None if word in _MISLEADING else vector(word)
    if direction is None:
        return None
    drawn, table = _near_table()
    likeness = table @ direction
    best = int(np.argmax(likeness))
    return drawn[best] if float(likeness[best]) >= _NEAR else None
