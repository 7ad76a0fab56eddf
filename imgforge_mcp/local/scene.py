"""The scene a prompt describes: what the language room writes and the painting rooms read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Time = Literal["day", "sunset", "sunrise", "night", "dusk"]
Shot = Literal["wide", "medium", "close"]
Relation = Literal["", "riding", "on", "in", "beside", "under", "above", "behind", "front", "holding", "wearing"]
ClaimKind = Literal["noun", "number", "colour", "relation", "action", "text"]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Parts that must all be seen, the first of them `count` times if that is not 0; `called` where it stands in."""

    parts: tuple[str, ...]
    called: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A word or phrase of the prompt and what would show that it was drawn: any one of its proofs.

    Number, colour and relation belong to a noun by its `group`, the place of that noun; -1 where they stand alone."""

    said: str
    kind: ClaimKind
    proofs: tuple[Proof, ...] = ()
    group: int = -1
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One kind of thing in the picture; `relation` ties it to an earlier subject by its index.

    `key` is its own number, under which its parts are told of; `action` what it does."""

    name: str
    word: str
    count: int = 1
    colour: Colour | None = None
    size: float = 1.0
    relation: Relation = ""
    target: int | None = None
    traits: tuple[tuple[str, Colour], ...] = ()
    key: int = 0
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What to draw. `features` are the smaller facts a place may use, as 'reflection' or 'path'; `disc` is the colour
    that was said of sun or moon."""

    place: str
    time: Time = "day"
    weather: tuple[str, ...] = ()
    season: str = ""
    styles: tuple[str, ...] = ()
    shot: Shot = "medium"
    subjects: tuple[Subject, ...] = ()
    text: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = ()
    disc: Colour | None = None
    features: frozenset[str] = field(default_factory=frozenset)
    claims: tuple[Claim, ...] = ()
    readings: tuple[str, ...] = ()
    fallback: bool = False
    salt: int = 0

    def has(self, *names: str) -> bool:
        """Is any of these a feature, a weather, the season or a style of the scene?"""
        return any(n in self.features or n in self.weather or n == self.season or n in self.styles for n in names)
