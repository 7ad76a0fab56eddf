"""People as they are drawn: their faces, what they do, and what they have in hand."""

import numpy as np
import pytest

from imgforge_mcp.local import draw
from imgforge_mcp.local.engine import compose
from imgforge_mcp.local.scene import Subject
from imgforge_mcp.local.sprites import figures
from imgforge_mcp.local.sprites.people import Look, look_of
from imgforge_mcp.local.sprites.portrait import bust
from tests.local.looking import Pixels, difference, seen


def figure(look: Look, pose: str = "") -> Pixels:
    drawn = figures.figure(look, 200, pose)
    canvas = np.zeros((200, 200, 4), np.float32)
    values = np.asarray(drawn, np.float32) * np.float32(1 / 255)
    left = (200 - values.shape[1]) // 2
    canvas[200 - values.shape[0] :, left : left + values.shape[1]] = values
    return canvas


def look(role: str, seed: int = 1, word: str = "") -> Look:
    return look_of(Subject(name=f"figure:{role}", word=word or role), np.random.default_rng(seed))


def test_somebody_turns_to_us_with_two_dark_eyes() -> None:
    face = figure(Look())
    head = face[20:70, 70:130]
    dark = (head[..., :3].max(axis=-1) < 0.25) & (head[..., 3] > 0.9)
    assert dark[:, :30].sum() > 4
    assert dark[:, 30:].sum() > 4


@pytest.mark.parametrize("pose", figures.POSES)
def test_every_pose_is_another_figure_than_standing(pose: str) -> None:
    assert difference(figure(Look(), pose), figure(Look())) > 0.004


def test_a_figure_keeps_its_middle_in_the_middle() -> None:
    """The lifted hand of one who holds does not push the body aside."""
    for pose in ("", "holding"):
        feet = np.asarray(figures.figure(Look(), 200, pose))[-8:, :, 3].sum(axis=0)
        middle = float((feet * np.arange(len(feet))).sum() / feet.sum())
        assert abs(middle - len(feet) / 2) < 3


def test_faces_hair_and_skin_vary_from_one_to_another() -> None:
    people = [look("person", seed) for seed in range(12)]
    assert len({person.skin for person in people}) >= 3
    assert len({person.cut for person in people}) >= 4
    assert len({person.feminine for person in people}) == 2
    portraits = [np.asarray(bust(person, 120), np.float32)[-100:, :100] * np.float32(1 / 255) for person in people[:4]]
    assert min(difference(a, b) for k, a in enumerate(portraits) for b in portraits[k + 1 :]) > 0.02


def test_years_show() -> None:
    assert look("man", word="old man").aged
    assert not look("man").aged
    assert difference(figure(look("man", word="old man")), figure(look("man"))) > 0.002


def test_what_somebody_is_shows_in_the_dress() -> None:
    roles = ("doctor", "chef", "farmer", "knight", "wizard", "king", "pirate", "astronaut", "santa", "businessman")
    drawn = [figure(look(role)) for role in roles]
    assert min(difference(a, b) for k, a in enumerate(drawn) for b in drawn[k + 1 :]) > 0.01


def test_eyes_have_the_colour_that_was_said() -> None:
    drawing = draw("portrait of a woman with green eyes", width=128, height=128, seed=2)
    assert drawing.not_drawn == ()
    green, brown = (
        seen(f"portrait of a woman with {colour} eyes", width=200, height=200) for colour in ("green", "brown")
    )
    eyes = (slice(60, 110), slice(60, 140))
    assert float((green[eyes][..., 1] - brown[eyes][..., 1]).max()) > 0.15


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a woman in a yellow dress walking on the beach", "walking"),
        ("two children jumping in a meadow", "jumping"),
        ("a boy reading a book in a garden", "reading"),
        ("two kids playing football in the park", "playing"),
        ("a train crossing a bridge over a river", "crossing"),
        ("a bearded man in a forest", "bearded"),
    ],
)
def test_what_they_do_is_shown(prompt: str, shown: str) -> None:
    assert shown in draw(prompt, width=160, height=160, seed=3).drawn


def test_who_jumps_is_off_the_ground() -> None:
    def lowest(prompt: str) -> int:
        marks = compose(prompt, 256, 256, 3, style=None, negative=None, progress=lambda _share, _what: None).marks
        girl = [number for number, names in enumerate(marks.names) if any(name.startswith("thing:") for name in names)]
        return int(np.nonzero(np.isin(marks.owner, girl).any(axis=1))[0].max())

    assert lowest("a girl jumping in a meadow") < lowest("a girl standing in a meadow") - 5
