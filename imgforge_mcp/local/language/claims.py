"""What a prompt says, word by word, each with what would have to be painted for the word to count as drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imgforge_mcp.local.language import concepts, depicted
from imgforge_mcp.local.language.actions import action_of
from imgforge_mcp.local.language.emoji import MARK
from imgforge_mcp.local.language.ignored import ABOUT_THE_PICTURE, COMMANDS, SILENT
from imgforge_mcp.local.language.lexicon import drawing_for, singular, title
from imgforge_mcp.local.language.subjects import CLOTHES, Reading
from imgforge_mcp.local.scene import Claim, ClaimKind, Proof, Subject

_RELATIONS = frozenset(
    str.split(
        "on in inside within under above over below beneath underneath beside behind between near by with upon atop at "
        "against through across along around among outside into onto from toward towards opposite past"
    )
)
_LONG_RELATIONS = {
    ("next", "to"),
    ("on", "top", "of"),
    ("in", "front", "of"),
    ("close", "to"),
    ("inside", "of"),
    ("on", "the", "left", "of"),
    ("on", "the", "right", "of"),
    ("to", "the", "left", "of"),
    ("to", "the", "right", "of"),
}
_SIDE_BY_SIDE = frozenset({"beside", "near", "by", "with", "next to", "close to", "at", "among"})
# how a thing can stand to the country round it so that the picture shows it
_IN_A_PLACE = frozenset(
    "on in inside within upon at by near beside with against among around across along through next_to close_to "
    "in_front_of under beneath below".replace("_", " ").split()
) | {"next to", "close to", "in front of"}
_OVERHEAD = frozenset({"sky", "sun", "moon", "stars", "clouds", "rainbow", "aurora", "trees", "fireworks", "lanterns"})
# what stands in a place for itself: nobody is put on it or into it
_FURNITURE = frozenset(
    str.split(
        "chairs bed tables desk counter shelf shelves stove computer books goods bread lamp plant window curtains "
        "picture blackboard fireplace slide swing goal houses windows cupboard pillow blanket nightstand"
    )
)
_VAGUE = frozenset(
    str.split("pair couple several few some many group flock herd school pack swarm bunch row trio duo pile fleet team")
)
_COUNTED_WORDS = {"trio": 3, "duo": 2, "pair": 2, "couple": 2}
_ARTICLES = frozenset({"a", "an", "the", "this", "that", "his", "her", "their", "its", "my", "your", "our", "some"})
_OF_TEXT = frozenset({"text", "word", "words", "lettering", "caption", "title", "slogan", "inscription", "message"})
"""What comes before a text in quotes, which is told of itself."""
_SOMEBODY_TOO = frozenset({"giant", "general", "noble", "patient", "native"})
"""Words that describe, and that are somebody where nothing follows that they describe."""
_MEASURES = frozenset(
    {"slice", "slices", "piece", "pieces", "chunk", "kind", "type", "sort", "lot", "lots", "variety", "part"}
)
_CONTAINERS = frozenset(
    {"bowl", "plate", "cup", "glass", "mug", "bottle", "basket", "slice", "piece", "bowls", "cups", "glasses"}
)
_SHOWING = frozenset({"of", "showing", "depicting", "featuring"})
_SEASON_WORDS = frozenset(
    {"autumn", "fall", "autumnal", "winter", "wintry", "spring", "springtime", "summer", "summertime"}
)
_WEATHER_WORDS = frozenset({"storm", "thunderstorm", "blizzard", "snowstorm"})
_STYLE_STAND_INS = frozenset(
    word.replace("_", " ")
    for word in (
        str.split(
            "van_gogh monet rembrandt ghibli studio_ghibli makoto_shinkai warhol lichtenstein tiffany "
            "national_geographic "
            "origami collage voxel tron claymation toy miniature tilt_shift renaissance baroque"
        )
    )
)
_PLACE_TITLES = {
    "alpine": "mountains",
    "lake": "a lake",
    "fuji": "a volcano",
    "ocean": "the sea",
    "coast": "a beach",
    "forest": "a forest",
    "meadow": "a meadow",
    "desert": "a desert",
    "mars": "red rock",
    "city": "a city",
    "street": "a street",
    "room": "a room",
    "studio": "a studio",
    "space": "space",
    "underwater": "the sea floor",
    "village": "a village",
    "garden": "a flower garden",
    "abstract": "an abstract pattern",
    "plain": "a plain ground",
}
_EXACT_PLACES = frozenset({"plain", "space", "underwater"})
_ABSTRACT_WORDS = frozenset({"abstract", "shapes", "geometric", "pattern", "gradient"})
_NOUNS_IN_ED = ("weed", "seed", "bred", "sled", "shed", "bed", "breed", "speed", "feed", "need", "reed", "creed")
_NOUNS_IN_LY = (
    "fly",
    "family",
    "assembly",
    "lily",
    "monopoly",
    "anomaly",
    "homily",
    "doily",
    "bully",
    "belly",
    "jelly",
)
_SAID_OF_SOMEONE = {"haired": "hair", "skinned": "skin", "bearded": "beard"}
_NO_ACTION = (
    "thing",
    "ring",
    "king",
    "wing",
    "string",
    "spring",
    "ceiling",
    "building",
    "evening",
    "morning",
    "lightning",
    "wedding",
    "pudding",
    "sibling",
    "duckling",
    "dumpling",
    "sapling",
    "railing",
    "clothing",
    "earring",
    "ending",
    "meeting",
    "beginning",
    "meaning",
    "feeling",
    "training",
    "housing",
    "funding",
    "sling",
    "being",
)


@dataclass(slots=True)
class _Noun:
    """A noun of the prompt: its words, where they stand, and how it could be drawn."""

    start: int
    end: int
    proofs: tuple[Proof, ...]
    key: int | None = None


@dataclass(slots=True)
class _Sentence:
    """The prompt while it is gone through word by word."""

    reading: Reading
    said: tuple[str, ...]
    subjects: tuple[Subject, ...]
    meanings: dict[str, tuple[tuple[str, str], ...]]
    place: str
    texts: tuple[str, ...] = ()
    nouns: list[_Noun] = field(default_factory=list)
    claims: list[tuple[int, Claim]] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        return self.reading.words

    def text(self, start: int, end: int) -> str:
        """The prompt's own words of a stretch; a word that became several stands once."""
        parts: list[str] = []
        for said in self.said[start:end]:
            if not parts or parts[-1] != said:
                parts.append(said)
        return " ".join(parts)

    def add(
        self, at: int, kind: ClaimKind, end: int, proofs: tuple[Proof, ...] = (), group: int = -1, about: str = ""
    ) -> None:
        self.claims.append(
            (at, Claim(said=self.text(at, end)[:80], kind=kind, proofs=proofs, group=group, about=about))
        )


def claims_of(
    reading: Reading,
    said: tuple[str, ...],
    subjects: tuple[Subject, ...],
    meanings: dict[str, tuple[tuple[str, str], ...]],
    place: str,
    texts: tuple[str, ...],
) -> tuple[Claim, ...]:
    """In the order of the prompt; texts last."""
    sentence = _Sentence(reading, said, subjects, meanings, place, texts)
    taken = _nouns(sentence)
    others = list(_other_words(sentence, taken))
    sentence.nouns.sort(key=lambda noun: noun.start)
    for noun in sentence.nouns:
        sentence.add(noun.start, "noun", noun.end, noun.proofs, noun.start)
    for at, end, kind in others:
        _claim(sentence, at, end, kind)
    ordered = [claim for _, claim in sorted(sentence.claims, key=lambda entry: entry[0])]
    quotes = [
        Claim(said=f'"{text}"'[:80], kind="text", proofs=(Proof(parts=(f"text:{number}",)),))
        for number, text in enumerate(texts)
    ]
    return (*ordered, *quotes)


def _nouns(sentence: _Sentence) -> set[int]:
    """Phrases that were understood, as nouns; the positions of their words."""
    taken: set[int] = set()
    heads = {subject.key: subject for subject in sentence.subjects}
    worn = {key for key, _, _ in sentence.reading.worn}
    for start, length, drawing in sorted(sentence.reading.spans):
        end = start + length
        phrase = " ".join(sentence.words[start:end])
        taken |= set(range(start, end))
        if _is_container_word(sentence, start, end):
            continue
        if length == 1 and phrase in SILENT and not drawing:
            continue
        if length == 1 and not depicted.parts_of(phrase) and _speaks_of_the_picture(sentence, start):
            continue
        proofs = _proofs(sentence, phrase, drawing, start, heads)
        if start in worn:
            proofs = tuple(
                Proof(parts=(f"trait:{person}:{thing}",))
                for key, person, thing in sentence.reading.worn
                if key == start
            )
        first = start - 2 if _is_container(sentence, start) else start
        taken |= set(range(first, end))
        sentence.nouns.append(_Noun(first, end, proofs, start if start in heads else None))
    return taken


def _is_container_word(sentence: _Sentence, start: int, end: int) -> bool:
    """The bowl of 'a bowl of soup', which is told of with the soup."""
    return end - start == 1 and sentence.words[end : end + 1] == ("of",) and _is_container(sentence, end + 1)


def _is_container(sentence: _Sentence, start: int) -> bool:
    """'A bowl of soup' is one thing where the soup is drawn in its bowl and no bowl beside it."""
    spans = {at for at, _, _ in sentence.reading.spans}
    heads = {at for at, _, _ in sentence.reading.subjects}
    return (
        start >= 2
        and sentence.words[start - 1] == "of"
        and sentence.words[start - 2] in _CONTAINERS
        and start in heads
        and not (start - 2 in heads and start - 2 in spans)
    )


def _proofs(sentence: _Sentence, phrase: str, drawing: str, start: int, heads: dict[int, Subject]) -> tuple[Proof, ...]:
    proofs: list[Proof] = []
    single = " ".join((*phrase.split()[:-1], singular(phrase.split()[-1]))) if phrase else ""
    if drawing:
        called = ""
        if not phrase.startswith(MARK):
            named = drawing_for(phrase, single)
            called = title(drawing) if named is None or named.stands_in or named.drawing != drawing else ""
            if phrase == "couple":
                called = ""
        twin = (
            start
            if start in heads
            else next((s.key for s in heads.values() if s.name == drawing and s.word == phrase), None)
        )
        if twin is not None:
            proofs.append(Proof(parts=(f"thing:{twin}",), called=called))
    for word in dict.fromkeys((phrase, single)):
        proofs += [Proof(parts=(part,)) for part in depicted.parts_of(word)]
    meanings = sentence.meanings.get(phrase) or sentence.meanings.get(single) or ()
    proofs += _proofs_of_meanings(phrase, meanings)
    for word in dict.fromkeys((phrase, single)):
        part, called = depicted.stand_in_for(word)
        if part:
            proofs.append(Proof(parts=(part,), called=called))
    proofs += [
        Proof(parts=(f"place:{name}",), called=_PLACE_TITLES.get(name, name))
        for axis, name in meanings
        if axis == "place" and name not in _EXACT_PLACES and name != "studio"
    ]
    return tuple(dict.fromkeys(proofs))


def _proofs_of_meanings(phrase: str, meanings: tuple[tuple[str, str], ...]) -> Iterator[Proof]:
    has_part = bool(depicted.parts_of(phrase))
    for axis, name in meanings:
        if axis == "time" and not has_part:
            yield Proof(parts=(f"time:{name}",))
        elif axis == "season":
            yield Proof(parts=(name,), called="" if phrase in _SEASON_WORDS or "autumn" in phrase else name)
        elif axis == "weather" and not has_part:
            yield Proof(parts=(name,), called="" if phrase.endswith("y") or phrase in _WEATHER_WORDS else name)
        elif axis == "style":
            yield Proof(parts=(f"style:{name}",), called=f"{name} style" if phrase in _STYLE_STAND_INS else "")
        elif axis == "shot":
            yield Proof(parts=(f"shot:{name}",))
        elif axis == "place" and name in _EXACT_PLACES and not has_part:
            yield Proof(parts=(f"place:{name}",))
        elif axis == "feature" and not has_part and not any(other == "place" for other, _ in meanings):
            if depicted.stand_in_for(phrase)[0] == name:
                continue  # which says what it stands for
            yield Proof(parts=(name,))


def _speaks_of_the_picture(sentence: _Sentence, at: int) -> bool:
    """'A photo of', 'soft lighting', 'in the background' are no things; 'a poster on a wall' is one."""
    word = sentence.words[at]
    if word not in ABOUT_THE_PICTURE and singular(word) not in ABOUT_THE_PICTURE:
        return False
    after = sentence.words[at + 1] if at + 1 < len(sentence.words) else ""
    if after in _SHOWING:
        return True
    before = at - 1
    while (
        before >= 0
        and before + 1 not in sentence.reading.breaks
        and (
            sentence.words[before] in SILENT - _ARTICLES - _RELATIONS - _VAGUE
            or sentence.words[before] in concepts.COLOURS
        )
    ):
        before -= 1
    if before < 0 or before + 1 in sentence.reading.breaks:
        return len(sentence.words) != 1
    if sentence.words[before] not in _ARTICLES and sentence.words[before] not in concepts.NUMBERS:
        return True
    lead = sentence.words[before - 1] if before else ""
    return (
        sentence.words[before] == "the"
        and not set(sentence.words[before:at]) & set(concepts.COLOURS)
        and lead in ("in", "at", "on", "to", "from")
        and word
        in (
            str.split(
                "background foreground distance middle center centre front back side left right top bottom corner "
                "style edge"
            )
        )
    )


def _other_words(sentence: _Sentence, taken: set[int]) -> Iterator[tuple[int, int, ClaimKind]]:
    """Numbers, colours, relations, actions, and nouns that nothing is known of."""
    words, at = sentence.words, 0
    while at < len(words):
        long = next((p for p in _LONG_RELATIONS if words[at : at + len(p)] == p), None)
        if long and not taken & set(range(at, at + len(long))):
            yield at, at + len(long), "relation"
            at += len(long)
            continue
        if at not in taken:
            kind = _kind_of_word(sentence, at)
            if kind == "noun":
                sentence.nouns.append(_Noun(at, at + 1, _trait_proofs(sentence, at)))
            elif kind:
                yield at, at + 1, kind
        at += 1


def _kind_of_word(sentence: _Sentence, at: int) -> ClaimKind | None:
    word = sentence.words[at]
    if word in concepts.COLOURS:
        return "colour"
    if word.isdecimal() or concepts.NUMBERS.get(word, 0) > 1 or word in ("one", "single", "lone"):
        return "number" if word != "some" else None
    if word in _RELATIONS:
        return "relation"
    if action_of(word) and sentence.words[at + 1 : at + 2] and sentence.words[at + 1] in _ARTICLES:
        return "action"
    if _speaks_of_the_picture(sentence, at):
        return None
    if action_of(word):
        return "action"
    if word in _MEASURES and sentence.words[at + 1 : at + 2] == ("of",):
        return None
    if sentence.texts and word in _OF_TEXT:
        return None
    if word in COMMANDS and _leading_article(sentence, at) in ("a", "an", "the"):
        return "noun"
    if word in _SOMEBODY_TOO and _stands_alone(sentence, at):
        return "noun"
    if len(word) < 2 or word in SILENT or word in COMMANDS or word in concepts.SIZES:
        return None
    if not any(c.isalpha() for c in word) or (word[0].isdigit() and len(word) < 8):
        return None
    if word in _SAID_OF_SOMEONE:
        return "noun"
    if len(word) > 5 and word.endswith("ed") and not word.endswith(_NOUNS_IN_ED):
        return None
    if len(word) > 4 and word.endswith("ly") and not word.endswith(_NOUNS_IN_LY):
        return None
    if word.endswith("ing") and not word.endswith(_NO_ACTION) and len(word) > 5:
        return "action"
    return "noun"


def _leading_article(sentence: _Sentence, at: int) -> str:
    """What stands before a word and all that describes it."""
    before = at - 1
    while before >= 0 and (sentence.words[before] in concepts.COLOURS or sentence.words[before] in SILENT - _ARTICLES):
        before -= 1
    return sentence.words[before] if before >= 0 else ""


def _stands_alone(sentence: _Sentence, at: int) -> bool:
    """'A giant and a village', where 'a giant village' only says how large."""
    after = sentence.words[at + 1] if at + 1 < len(sentence.words) else "and"
    return at > 0 and sentence.words[at - 1] in _ARTICLES and (after == "and" or after in _RELATIONS)


def _trait_proofs(sentence: _Sentence, at: int) -> tuple[Proof, ...]:
    """Hair, beard, dress and the like belong to the last person named before."""
    word = sentence.words[at]
    thing = _SAID_OF_SOMEONE.get(word, word)
    if thing not in CLOTHES and thing not in ("hair", "skin", "beard", "eyes", "face"):
        return tuple(Proof(parts=(part,)) for part in depicted.parts_of(word))
    before = [s.key for s in sentence.subjects if s.key < at]
    after = [s.key for s in sentence.subjects if s.key > at]
    owner = next(iter(after[:1] if word == "bearded" else before[-1:]), None)
    return () if owner is None else (Proof(parts=(f"trait:{owner}:{thing}",)),)


def _claim(sentence: _Sentence, at: int, end: int, kind: ClaimKind) -> None:
    following = next((noun for noun in sentence.nouns if noun.start >= end), None)
    before = next((noun for noun in reversed(sentence.nouns) if noun.start < at), None)
    if kind == "relation":
        _claim_relation(sentence, at, end, before, following)
    elif kind == "number":
        _claim_number(sentence, at, end, following)
    elif kind == "colour":
        _claim_colour(sentence, at, end, before, following)
    else:
        _claim_action(sentence, at, end, before, following)


def _claim_number(sentence: _Sentence, at: int, end: int, noun: _Noun | None) -> None:
    word = sentence.words[at]
    end += sentence.words[end : end + 1] == ("of",)
    if word in _VAGUE and word not in _COUNTED_WORDS:
        count = -2
    else:
        count = int(word) if word.isdecimal() and len(word) < 6 else concepts.NUMBERS.get(word, 1)
    near = noun is not None and noun.start - end <= 4
    if not near or noun is None:
        sentence.add(at, "number", end)
        return
    parts = (f"thing:{noun.key}",) if noun.key is not None else noun.proofs[0].parts if noun.proofs else ()
    proofs = (Proof(parts=parts, count=count),) if parts else ()
    sentence.add(at, "number", end, proofs, noun.start)


def _claim_colour(sentence: _Sentence, at: int, end: int, before: _Noun | None, noun: _Noun | None) -> None:
    colour = concepts.COLOURS[sentence.words[at]]
    proofs = [Proof(parts=(f"colour:{colour}",))]
    near = noun if noun is not None and noun.start - end <= 3 else None
    for subject in sentence.subjects:
        if near is not None and subject.key == near.key and subject.colour == colour:
            proofs.insert(0, Proof(parts=(f"colour:{subject.key}:{colour}",)))
        if any(shade == colour for _, shade in subject.traits):
            proofs.append(Proof(parts=(f"colour:{subject.key}:{colour}",)))
    sentence.add(at, "colour", end, tuple(proofs), near.start if near else -1)


def _claim_action(sentence: _Sentence, at: int, end: int, before: _Noun | None, after: _Noun | None) -> None:
    action = action_of(sentence.words[at])
    if before is not None and before.key is None:  # 'in a yellow dress walking': not the dress walks
        before = next((noun for noun in reversed(sentence.nouns) if noun.start < at and noun.key is not None), None)
    doers = [noun for noun in (before, after) if noun is not None and noun.key is not None]
    proofs = tuple(Proof(parts=(f"act:{noun.key}:{action}",)) for noun in doers) if action else ()
    sentence.add(at, "action", end, proofs)


def _claim_relation(sentence: _Sentence, at: int, end: int, before: _Noun | None, noun: _Noun | None) -> None:
    relation = " ".join(sentence.words[at:end])
    if noun is None or noun.start - end > 5:
        if before is not None:
            sentence.add(at, "relation", end)
        return
    about = sentence.text(before.start, noun.end) if before else sentence.text(at, noun.end)
    if before and noun.end - before.start > 8:
        about = sentence.text(at, noun.end)
    sentence.add(at, "relation", end, tuple(_relation_proofs(relation, before, noun)), noun.start, about[:80])


def _relation_proofs(relation: str, before: _Noun | None, noun: _Noun) -> Iterator[Proof]:
    for proof in noun.proofs:
        part = proof.parts[0]
        if part.startswith("trait:"):
            yield replace(proof, called="")
        elif part.startswith("thing:"):
            yield Proof(parts=(part, f"tie:{noun.key}:{relation}"))
            if before is None:
                yield replace(proof, called="")
            elif (relation in _SIDE_BY_SIDE and before.proofs) or (
                before.key is None and before.proofs and relation in ("on", "in", "inside", "at", "by", "near")
            ):
                yield Proof(parts=(part, *before.proofs[0].parts))
        elif relation in ("above", "over") and before is not None:
            if before.key is not None:
                yield Proof(parts=(part, f"air:{before.key}"))
            yield from (
                Proof(parts=(part, *other.parts))
                for other in before.proofs
                if other.parts[0] in _OVERHEAD - {"trees"} or other.parts[0].startswith("time:")
            )
        elif (part in _FURNITURE and relation not in _SIDE_BY_SIDE) or (
            relation in ("under", "beneath", "below") and part not in _OVERHEAD
        ):
            continue
        elif relation in _IN_A_PLACE:
            yield replace(proof, called="")
