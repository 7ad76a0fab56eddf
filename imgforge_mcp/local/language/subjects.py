"""The things a prompt names: their number, colour, size, what they wear, and how they stand to one another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import cast

from imgforge_mcp.local.language import concepts
from imgforge_mcp.local.language.actions import action_of
from imgforge_mcp.local.language.lexicon import singular
from imgforge_mcp.local.scene import Colour, Relation, Subject

CLOTHES = frozenset(
    [
        "dress",
        "coat",
        "jacket",
        "scarf",
        "hat",
        "shirt",
        "sweater",
        "suit",
        "robe",
        "cape",
        "cloak",
        "hoodie",
        "gown",
        "kimono",
        "raincoat",
        "skirt",
        "pants",
        "trousers",
        "jeans",
        "sari",
    ]
)
PAIRS = frozenset(
    [
        "headphones",
        "chopsticks",
        "glasses",
        "sunglasses",
        "scissors",
        "books",
        "swords",
        "jeans",
        "noodles",
        "trousers",
        "boots",
        "shoes",
        "sneakers",
        "heels",
        "scales",
    ]
)
_ARTICLES = frozenset({"a", "an", "the", "his", "her", "their", "its", "some"})
_OF_A_BODY = frozenset(
    str.split(
        "nose eye ear mouth tooth teeth tongue tail leg foot feet arm hand finger horn wing feather fang claw paw"
    )
)
"""With a thing before them they are its own: nobody wants them laid beside it."""
_HATS = frozenset({"top-hat", "womans-hat", "billed-cap", "crown", "graduation-cap", "military-helmet"})
_FLYING = frozenset({"flying", "flies", "soaring", "hovering", "floating", "gliding"})
_MOST_SUBJECTS = 6
_BEARD: Colour = (112, 78, 54)
_PLURALS = frozenset(
    {
        "children",
        "people",
        "men",
        "women",
        "ladies",
        "kids",
        "friends",
        "mice",
        "geese",
        "sheep",
        "pedestrians",
        "family",
    }
)


@dataclass(slots=True)
class Reading:
    """What has been understood so far.

    `spans` are all phrases that were understood, with the drawing of those that are things; `worn` are clothes: the
    place of the word, the key of who wears it, and what it is."""

    words: tuple[str, ...]
    used: list[bool]
    breaks: frozenset[int] = frozenset()
    found: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    subjects: list[tuple[int, int, str]] = field(default_factory=list)
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    worn: list[tuple[int, int, str]] = field(default_factory=list)


def subjects_of(reading: Reading, unwanted: frozenset[str] | set[str]) -> tuple[Subject, ...]:
    subjects: list[Subject] = []
    seen: set[tuple[str, str, Colour | None]] = set()
    places: list[int] = []
    for start, length, name in _heads(reading):
        phrase = " ".join(reading.words[start : start + length])
        if name.startswith("figure:") and {"old", "elderly"} & set(reading.words[max(0, start - 3) : start]):
            phrase = f"old {phrase}"
        if _is_unwanted(phrase, name, unwanted) or len(subjects) >= _MOST_SUBJECTS:
            continue
        before = reading.words[max(places[-1] if places else 0, start - 4) : start]
        if subjects and "with" in before and singular(phrase) in _OF_A_BODY:
            continue
        colour = _colour(before)
        if (name, phrase, colour) in seen or (colour is None and any(one[:2] == (name, phrase) for one in seen)):
            continue
        seen.add((name, phrase, colour))
        relation, target = _relation(reading, start, places)
        if target is None and _flies(reading, start, start + length):
            relation = "above"
        count = _count(before, phrase)
        subjects.append(
            Subject(
                name=name,
                word=phrase,
                count=count,
                colour=colour,
                size=_size(before),
                relation=relation,
                target=target,
                traits=_traits(reading, start, start + length),
                key=start,
                action=_action(reading, start, start + length),
            )
        )
        places.append(start + length)
    return tuple(_without_clothes(reading, subjects))


def _flies(reading: Reading, start: int, end: int) -> bool:
    """'A flying dragon' and 'a dragon flying over' are in the air; 'a boy flying a kite' is not."""
    if set(reading.words[max(0, start - 2) : start]) & _FLYING:
        return True
    after = reading.words[end : end + 2]
    return bool(after) and after[0] in _FLYING and (len(after) < 2 or after[1] not in _ARTICLES)


def _action(reading: Reading, start: int, end: int) -> str:
    """What it does: a word of doing right after it, or right before."""
    while reading.words[end : end + 1] and reading.words[end] in ("in", "with") and _garment_ends(reading, end):
        end = _garment_ends(reading, end)
    for word in (*reading.words[end : end + 3], *reversed(reading.words[max(0, start - 1) : start])):
        if action_of(word):
            return action_of(word)
    return ""


def _garment_ends(reading: Reading, start: int) -> int:
    """Where 'in a yellow dress' ends that begins here; 0 if it is no dress."""
    for at, word in enumerate(reading.words[start + 1 : start + 5], start + 1):
        if word in CLOTHES:
            return at + 1
        if word not in concepts.COLOURS and word not in _ARTICLES:
            return 0
    return 0


def _heads(reading: Reading) -> list[tuple[int, int, str]]:
    """Of nouns in a row only the last is a thing: a strawberry cake is a cake."""
    ordered = sorted(reading.subjects)
    starts = {start: name for start, _, name in ordered if not name.startswith("figure:")}
    heads = []
    for start, length, name in ordered:
        next_one = "" if start + length in reading.breaks or not length else starts.get(start + length, "")
        if not next_one or (name.startswith("figure:") and next_one not in _HATS):
            heads.append((start, length, name))
    return heads


def _is_unwanted(phrase: str, name: str, unwanted: frozenset[str] | set[str]) -> bool:
    is_person = name.startswith("figure:") and unwanted & {"people", "person", "human", "humans"}
    return bool(is_person or unwanted & {phrase, singular(phrase.rpartition(" ")[2]), name})


def _count(before: tuple[str, ...], phrase: str) -> int:
    counts = [concepts.NUMBERS[word] for word in before if word in concepts.NUMBERS and concepts.NUMBERS[word] > 1]
    digits = [int(word) for word in before if word.isdecimal() and len(word) < 3 and 1 <= int(word) <= 20]
    if digits or counts:
        return min((digits or counts)[-1], 12)
    last = phrase.partition(" of ")[0].rpartition(" ")[2]
    if last == "crowd":
        return 8
    if last == "couple":
        return 2
    if last in _PLURALS:
        return 3
    is_plural = singular(last) != last and last not in PAIRS
    return 3 if is_plural else 1


def _colour(before: tuple[str, ...]) -> Colour | None:
    for word in reversed(before[-3:]):
        if word in concepts.COLOURS:
            return concepts.COLOURS[word]
        if word in ("and", "with", "in", "on", "of"):
            return None
    return None


def _size(before: tuple[str, ...]) -> float:
    return next((concepts.SIZES[word] for word in reversed(before[-3:]) if word in concepts.SIZES), 1.0)


def _relation(reading: Reading, start: int, ends: list[int]) -> tuple[Relation, int | None]:
    """What stands between this thing and the one before it; of two relations the one that is nearer."""
    if not ends:
        return "", None
    gap = reading.words[ends[-1] : start]
    for length in (3, 2, 1):
        for place in reversed(range(len(gap) - length + 1)):
            relation = concepts.RELATIONS.get(" ".join(gap[place : place + length]))
            if relation:
                return cast(Relation, relation), len(ends) - 1
    return "", None


def _traits(reading: Reading, start: int, end: int) -> tuple[tuple[str, Colour], ...]:
    """Colours said of hair, skin, eyes and clothes after a person: 'with red hair', 'in a blue coat'."""
    traits: list[tuple[str, Colour]] = []
    after = reading.words[end : end + 14]
    for place, word in enumerate(after[:-1]):
        if word in concepts.COLOURS:
            for thing in after[place + 1 : place + 3]:
                if thing in ("hair", "haired", "skin", "skinned", "eyes", "beard") or thing in CLOTHES:
                    traits.append(({"haired": "hair", "skinned": "skin"}.get(thing, thing), concepts.COLOURS[word]))
                    break
    around = (*reading.words[max(0, start - 2) : start], *after)
    if {"beard", "bearded"} & set(around) and not any(thing == "beard" for thing, _ in traits):
        traits.append(("beard", _BEARD))
    return tuple(traits)


def _without_clothes(reading: Reading, subjects: list[Subject]) -> list[Subject]:
    """Clothes said of someone are worn, not laid beside them."""
    kept: list[Subject] = []
    for subject in subjects:
        is_worn = (
            kept
            and kept[-1].name.startswith("figure:")
            and subject.word.rpartition(" ")[2] in CLOTHES
            and subject.relation in ("wearing", "in", "beside")
        )
        if is_worn:
            colour, thing = subject.colour or (150, 60, 60), subject.word.rpartition(" ")[2]
            kept[-1] = replace(kept[-1], traits=(*kept[-1].traits, (thing, colour)))
            reading.worn.append((subject.key, kept[-1].key, thing))
        else:
            kept.append(
                replace(
                    subject, target=min(subject.target, len(kept) - 1) if subject.target is not None and kept else None
                )
            )
    return kept
