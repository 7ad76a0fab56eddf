"""The windows of a front, painted all at once, against the same windows drawn one by one."""

import numpy as np

from imgforge_mcp.local.pixels import rgb
from imgforge_mcp.local.places.skyline import _fill, _glaze, _Panes
from imgforge_mcp.local.vector import Layer

WIDTH, HEIGHT = 80, 100


def test_windows_by_rows_and_columns_are_those_that_would_be_drawn_one_by_one() -> None:
    rng = np.random.default_rng(8)
    lefts, tops = 7.3 + np.arange(9) * 8.05, 4.6 + np.arange(11) * 9.8
    seen, light = (rng.random((11, 9)) < 0.4).astype(float), rng.uniform(0.45, 1, (11, 9))
    colour = rgb(255, 214, 140)
    panes = _Panes(lefts=lefts, tops=tops, wide=4.1, tall=5.2, seen=seen, light=light, dark=rgb(0, 0, 0), bright=colour)
    painted, drawn = np.full((HEIGHT, WIDTH, 3), 0.3, np.float32), np.full((HEIGHT, WIDTH, 3), 0.3, np.float32)
    _glaze(painted, panes)
    layer = Layer(WIDTH, HEIGHT)
    for row, column in np.argwhere(seen):
        layer.rect(lefts[column], tops[row], 4.1, 5.2, colour * light[row, column])
    layer.lay_on(drawn)
    assert np.abs(painted - drawn).max() < 0.15  # the rasteriser knows a quarter of a pixel upright and no less
    assert np.abs(painted - drawn).mean() < 0.005


def test_a_front_goes_from_its_left_colour_to_its_right_one_and_is_cut_at_the_frame() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    _fill(picture, (60.5, -10, 40, 30), rgb(255, 0, 0), rgb(0, 0, 255))
    assert picture[:20, 61:, 0].all()
    assert picture[10, 61, 0] > picture[10, 79, 0]
    assert np.allclose(picture[10, 60] * 2, picture[10, 61], atol=0.03)
    assert not picture[20:].any()
    assert not picture[:, :60].any()
