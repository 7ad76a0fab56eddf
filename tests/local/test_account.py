"""What was drawn and what was not: every word is in one of two lists, and what is called drawn has pixels."""

import re

import numpy as np
import pytest

from imgforge_mcp.local import Drawing, draw
from imgforge_mcp.local.engine import Composed, compose
from imgforge_mcp.local.language.lexicon import drawing_for, names, singular
from imgforge_mcp.local.scene import Claim, Proof
from imgforge_mcp.local.sprites.library import library
from tests.local.looking import difference, pixels, seen
from tests.local.sentences import NOUNS, Sentence, sentences

STAND_IN = ": drawn as "
CHUNK = 25
SENTENCES = sentences(200, 7)
DISTINCT = tuple(dict.fromkeys(NOUNS))
# words that are another name of exactly what is drawn, by anybody's dictionary
OTHER_NAMES = {
    "bag": "handbag",
    "bee": "honeybee",
    "comb": "hair pick",
    "orange": "tangerine",
    "pumpkin": "jack o lantern",
    "ball": "soccer ball",
    "boat": "sailboat",
    "book": "open book",
    "bottle": "bottle with popping cork",
    "bow": "bow and arrow",
    "bowl": "bowl with spoon",
    "box": "package",
    "cake": "birthday cake",
    "cap": "billed cap",
    "car": "automobile",
    "clock": "alarm clock",
    "computer": "desktop computer",
    "crow": "black bird",
    "cup": "hot beverage",
    "dinosaur": "sauropod",
    "drum": "drum",
    "earth": "globe showing europe africa",
    "flower": "hibiscus",
    "glass": "wine glass",
    "glove": "gloves",
    "hat": "top hat",
    "heart": "red heart",
    "hen": "chicken",
    "honey": "honey pot",
    "jacket": "coat",
    "jar": "jar",
    "jewel": "gem stone",
    "key": "key",
    "lamp": "diya lamp",
    "leaf": "maple leaf",
    "light": "light bulb",
    "lock": "locked",
    "map": "world map",
    "milk": "glass of milk",
    "money": "money bag",
    "movie": "movie camera",
    "note": "musical note",
    "pants": "jeans",
    "pepper": "bell pepper",
    "phone": "mobile phone",
    "piano": "musical keyboard",
    "plane": "airplane",
    "plant": "potted plant",
    "plate": "fork and knife with plate",
    "rope": "knot",
    "sheep": "ewe",
    "shirt": "t shirt",
    "shoe": "running shoe",
    "sofa": "couch and lamp",
    "star": "star",
    "stone": "rock",
    "teeth": "tooth",
    "tie": "necktie",
    "tower": "skyscraper",
    "tree": "deciduous tree",
    "truck": "delivery truck",
}


def said(drawing: Drawing) -> list[str]:
    """The words of both lists, without what stood in for them."""
    return [entry.partition(STAND_IN)[0].lower() for entry in (*drawing.drawn, *drawing.not_drawn)]


def is_told(word: str, entries: list[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", entry) for entry in entries)


def composed(prompt: str, side: int = 64) -> Composed:
    return compose(prompt, side, side, 2, style=None, negative=None, progress=lambda _fraction, _what: None)


def painted_in_marker_colours(picture: Composed) -> np.ndarray:
    """The test's own renderer: every part of the picture in one flat colour of its own, all else black."""
    number = picture.marks.owner
    return np.stack([number % 251 + (number > 0), number // 251, number * 0], axis=-1).astype(np.uint8)


def has_pixels(part: str, picture: Composed, markers: np.ndarray) -> bool:
    if picture.marks.shown().get(part) and all(part not in names for names in picture.marks.names):
        return True  # it lies over the whole, as rain and the hour do
    colours = [(k % 251 + 1, k // 251, 0) for k, names in enumerate(picture.marks.names) if part in names]
    return any(int((markers == np.array(colour, np.uint8)).all(axis=-1).sum()) >= 2 for colour in colours)


@pytest.mark.parametrize("start", range(0, len(SENTENCES), CHUNK))
def test_every_noun_number_colour_and_relation_is_drawn_or_said_not_to_be(start: int) -> None:
    for sentence in SENTENCES[start : start + CHUNK]:
        _check(sentence)


@pytest.mark.parametrize("start", range(0, len(DISTINCT), 100))
def test_no_common_noun_is_passed_over(start: int) -> None:
    """Six at a time, as a list."""
    for first in range(start, min(start + 100, len(DISTINCT)), 6):
        nouns = DISTINCT[first : min(first + 6, start + 100)]
        _check(Sentence(", ".join(f"a {noun}" for noun in nouns), nouns))


def _check(sentence: Sentence) -> None:
    picture = composed(sentence.text)
    drawing = Drawing(
        data=b"", width=64, height=64, seed=2, drawn=picture.account.drawn, not_drawn=picture.account.not_drawn
    )
    missing = [word for word in sentence.words if not is_told(word, said(drawing))]
    assert not missing, f"{sentence.text!r}: {missing} stand in neither {drawing.drawn} nor {drawing.not_drawn}"
    markers = painted_in_marker_colours(picture)
    unseen = [part for part in _parts_called_drawn(sentence.text, picture) if not has_pixels(part, picture, markers)]
    assert not unseen, f"{sentence.text!r}: {unseen} are called drawn and have no pixels"


def _parts_called_drawn(prompt: str, picture: Composed) -> list[str]:
    from imgforge_mcp.local.language.parse import parse

    claims: tuple[Claim, ...] = parse(prompt, style=None, negative=None, width=64, height=64).claims
    shown = picture.marks.shown()
    held: list[Proof] = [
        proof for claim in claims for proof in claim.proofs[:1] if all(part in shown for part in proof.parts)
    ]
    return [part for proof in held for part in proof.parts]


def test_no_noun_is_drawn_as_another_without_being_named() -> None:
    """The drawing's own name says the noun, or a dictionary does, or the answer names what was drawn."""
    silent = []
    for noun in DISTINCT:
        named = drawing_for(noun, singular(noun))
        if named is None or named.stands_in or named.drawing.startswith("figure:"):
            continue
        art = library().get(named.drawing)
        name = (art.title.lower() if art else named.drawing).replace("-", " ")
        if singular(noun) not in map(singular, name.split()) and OTHER_NAMES.get(noun) != name:
            silent.append((noun, name))
    assert not silent


@pytest.mark.parametrize(
    ("prompt", "entry"),
    [
        pytest.param("a toad in a meadow", "toad: drawn as a frog", id="a toad is a frog, and that is said"),
        pytest.param("a corgi in a garden", "corgi: drawn as a dog", id="a breed is a dog, and that is said"),
        pytest.param(
            "a tulip field and a ranch", "ranch: drawn as a meadow", id="a place stands in for one of its kind"
        ),
        pytest.param("thirty cats", "thirty cats: drawn as 12", id="a number that was not met"),
    ],
)
def test_what_stands_in_is_named(prompt: str, entry: str) -> None:
    drawing = draw(prompt, width=96, height=96, seed=2)
    assert entry in drawing.drawn
    assert any(entry in warning for warning in drawing.warnings)


@pytest.mark.parametrize(
    ("prompt", "word", "never"),
    [
        pytest.param("smoke over a village", "smoke", "cigarette", id="smoke is no cigarette"),
        pytest.param("a toad", "toad", "mushroom", id="a toad is no mushroom"),
        pytest.param("an angel", "angel", "wing", id="an angel is no wing"),
        pytest.param("a panda", "panda", "cat", id="a panda is no cat"),
        pytest.param("a boot", "boot", "sailboat", id="an English boot is no German boat"),
        pytest.param("a mare", "mare", "sea", id="a mare is no Italian sea"),
        pytest.param("friends chat in a garden", "chat", "cat", id="a chat is no French cat"),
        pytest.param("a dos prompt", "dos", "two", id="dos is no Spanish number"),
    ],
)
def test_no_word_turns_into_something_else(prompt: str, word: str, never: str) -> None:
    drawing = draw(prompt, width=64, height=64, seed=2)
    assert is_told(word, said(drawing))
    named = drawing_for(word, word)
    assert named is None or named.drawing != never
    assert not any(never in entry.partition(STAND_IN)[2] for entry in drawing.drawn)


@pytest.mark.parametrize(
    ("prompt", "drawn"),
    [
        ("ein fuchs im wald bei nacht", {"fuchs", "wald", "nacht"}),
        ("un chat noir sur la plage", {"noir chat", "plage"}),
        ("狐狸在森林里", {"狐狸", "森林"}),
    ],
)
def test_a_prompt_in_another_language_is_read_in_it(prompt: str, drawn: set[str]) -> None:
    drawing = draw(prompt, width=64, height=64, seed=2)
    words = {word for entry in drawing.drawn for word in entry.split()}
    assert {word for entry in drawn for word in entry.split()} <= words


@pytest.mark.parametrize("emoji", ["🦊", "🌲", "🍕", "😀", "🚗", "🧜\u200d♀️", "👩🏽\u200d🚀"])
def test_emoji_are_drawn(emoji: str) -> None:
    drawing = draw(f"a meadow {emoji}", width=160, height=160, seed=2)
    assert any(emoji.replace("\ufe0f", "") in entry.replace("\ufe0f", "") for entry in drawing.drawn)
    assert difference(pixels(drawing.data), seen("a meadow", seed=2)) > 0.005


@pytest.mark.parametrize("word", ["mermaid", "fairy", "guard", "school", "baby", "angel"])
def test_what_was_hidden_without_need_is_drawn(word: str) -> None:
    drawing = draw(f"a {word} in a meadow", width=96, height=96, seed=2)
    assert any(entry.startswith(word) for entry in drawing.drawn)


def test_a_word_with_two_meanings_is_told_as_it_was_read() -> None:
    warnings = draw("a bat on a wallpaper", width=64, height=64, seed=2).warnings
    assert "Read 'bat' as the animal." in warnings
    assert "Read 'wallpaper' as an abstract pattern." in warnings


@pytest.mark.parametrize("thing", ["fox", "lighthouse", "robot", "sailboat", "guitar", "mermaid", "angel", "guard"])
def test_what_is_called_drawn_changes_the_picture(thing: str) -> None:
    """Judged by the pixels alone: the same prompt without the thing is another picture."""
    drawing = draw(f"a {thing} in a meadow", width=160, height=160, seed=3)
    assert thing in drawing.drawn
    assert difference(pixels(drawing.data), seen(f"a {thing} in a meadow", without=thing)) > 0.004


@pytest.mark.parametrize(
    ("prompt", "missing"),
    [
        ("a man with freckles in a forest", "freckles"),
        ("a fox reading", "reading"),
        ("a red car, pencil drawing", "red"),
        ("three mountains", "three"),
        ("a woman with green eyes in a forest", "green"),
        ('a card "One" "Two" "Three"', '"Three"'),
        ("a cat behind a mountain", "behind"),
        ("a moon in a kitchen", "moon"),
    ],
)
def test_what_the_painters_left_out_is_not_called_drawn(prompt: str, missing: str) -> None:
    drawing = draw(prompt, width=128, height=128, seed=2)
    assert is_told(missing.lower().strip('"'), [entry.lower() for entry in drawing.not_drawn])


def test_fifteen_hundred_words_and_not_one_by_likeness() -> None:
    assert len(names()) >= 1500
    assert drawing_for("zorbleglass", "zorbleglass") is None
