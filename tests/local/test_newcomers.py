"""What newcomers ask for first: rooms, laid tables, people who do something, cards, two moons."""

import numpy as np
import pytest

from imgforge_mcp.local import draw
from tests.local.looking import components, difference, seen

ROOMS = ("kitchen", "bedroom", "office", "classroom", "shop", "library", "bakery", "café")
GROUNDS = ("stadium", "playground")


@pytest.mark.parametrize("place", [*ROOMS, *GROUNDS])
def test_the_place_is_drawn_as_itself(place: str) -> None:
    drawing = draw(f"a {place}", width=96, height=96, seed=3)
    assert drawing.drawn == (place,)
    assert drawing.not_drawn == ()


def test_every_one_of_them_is_another_picture() -> None:
    pictures = [seen(f"a {place}", width=96, height=96) for place in (*ROOMS, *GROUNDS)]
    assert min(difference(a, b) for k, a in enumerate(pictures) for b in pictures[k + 1 :]) > 0.015


def test_a_table_carries_everything_that_was_put_on_it() -> None:
    drawing = draw("a plate, a bowl, a book and a cup of coffee on a wooden table", width=256, height=256, seed=3)
    assert {"plate", "bowl", "book", "cup of coffee"} <= set(drawing.drawn)
    assert drawing.not_drawn == ()


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a man running in a park", "running"),
        ("a woman sitting on a bench", "sitting"),
        ("a person lying on the beach", "lying"),
        ("a girl riding a bicycle", "riding"),
        ("a woman riding a horse", "riding"),
        ("a boy holding a balloon", "holding"),
        ("a person swimming in the sea", "swimming"),
        ("a woman dancing in the street", "dancing"),
    ],
)
def test_what_somebody_does_is_shown(prompt: str, shown: str) -> None:
    assert shown in draw(prompt, width=160, height=160, seed=3).drawn


def test_who_runs_is_another_figure_than_who_stands() -> None:
    assert difference(seen("a man running in a meadow"), seen("a man standing in a meadow")) > 0.004


def test_a_thing_behind_a_tree_is_partly_hidden_by_it() -> None:
    """The robot's grey is there, and less of it than of a robot that stands in the open."""

    def grey(prompt: str) -> float:
        picture = seen(prompt, width=256, height=256)[100:230]
        return float(((np.ptp(picture, axis=-1) < 0.06) & (picture.mean(axis=-1) > 0.3)).mean())

    assert 0.1 * grey("a robot in front of a tree in a meadow") < grey("a robot behind a tree in a meadow")
    assert grey("a robot behind a tree in a meadow") < 0.95 * grey("a robot in front of a tree in a meadow")


@pytest.mark.parametrize("count", ["two", "three"])
def test_as_many_moons_are_in_the_sky_as_were_asked_for(count: str) -> None:
    sky = seen(f"{count} moons over the desert", width=256, height=256)[:120]
    assert components(sky.min(axis=-1) > 0.8, 40) == ["", "one", "two", "three"].index(count)


def test_words_that_cannot_be_drawn_still_tell_one_picture_from_another() -> None:
    pictures = [seen(prompt) for prompt in ("freedom and hope", "justice and democracy", "an idea of order")]
    assert min(difference(a, b) for k, a in enumerate(pictures) for b in pictures[k + 1 :]) > 0.05


def test_a_card_is_paper_with_its_words_on_it() -> None:
    card = seen('a birthday card that says "HOORAY"', width=256, height=256)
    paper, ink = card[60:200, 60:200].min(axis=-1) > 0.85, card[60:200, 60:200].max(axis=-1) < 0.4
    assert float(paper.mean()) > 0.5
    assert 0.03 < float(np.asarray(ink).mean()) < 0.4
