"""What is painted in its own box alone is what it would be on the whole picture."""

import numpy as np
import pytest

from imgforge_mcp.local.noise import Noise, sample
from imgforge_mcp.local.pixels import mix
from imgforge_mcp.local.vector import Layer, dot, lay

WIDTH, HEIGHT = 90, 70


def ground() -> np.ndarray:
    return np.random.default_rng(5).random((HEIGHT, WIDTH, 3), np.float32)


@pytest.mark.parametrize(
    ("x", "y"), [(40, 30), (-3, 20), (88, 68), (300, 300)], ids=["within", "left edge", "corner", "outside"]
)
@pytest.mark.parametrize("soft", [0.0, 1.2, 2.0], ids=["sharp", "soft", "softer"])
def test_shapes_laid_in_their_own_box_look_as_on_a_layer_of_the_whole_picture(x: float, y: float, soft: float) -> None:
    layer, whole_layer, boxed = Layer(WIDTH, HEIGHT), Layer(WIDTH, HEIGHT), ground()
    whole_layer.rect(0, 0, WIDTH, HEIGHT, "#000", opacity=0)  # reaches everything and is not seen
    for each in (layer, whole_layer):
        each.ellipse(x, y, 9, 6, (255, 80, 20), opacity=0.9)
    whole = lay(ground(), whole_layer.render(soft=soft))
    layer.lay_on(boxed, soft=soft)
    assert np.abs(boxed - whole).max() < 0.02
    assert (boxed != ground()).any() == (x < WIDTH)


def test_a_dot_lies_where_it_was_put_and_touches_nothing_beyond_its_soft_edge() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    dot(picture, 40.5, 30.5, 6, np.ones(3, np.float32), soft=2)
    rows, columns = np.nonzero(picture[..., 0])
    assert picture[30, 40].tolist() == [1, 1, 1]
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (23, 37, 33, 47)


def test_a_texture_looked_up_at_its_pixels_is_the_texture_and_goes_on_beyond_its_edges() -> None:
    tile = Noise(3, 512).tile(4, layer=9)
    at = np.arange(len(tile), dtype=np.float32) / len(tile)
    columns, rows = np.broadcast_arrays(at[None, :], at[:, None])
    assert np.array_equal(sample(tile, columns, rows), tile)
    assert np.allclose(sample(tile, columns - 2, rows + 3), tile, atol=1e-3)
    between = sample(tile, columns[:, -1:] + np.float32(0.5 / len(tile)), rows[:, -1:])
    assert np.allclose(between[:, 0], (tile[:, -1] + tile[:, 0]) / 2, atol=1e-5)


def test_a_mixture_leaves_both_of_its_parts_as_they_were() -> None:
    first, second = ground(), ground()[::-1].copy()
    kept = first.copy(), second.copy()
    assert np.allclose(mix(first, second, 0.25), first * 0.75 + second * 0.25)
    assert np.array_equal(first, kept[0])
    assert np.array_equal(second, kept[1])
