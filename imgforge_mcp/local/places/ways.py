"""A road through open country: asphalt in perspective, winding away from the eye."""

from __future__ import annotations

import numpy as np

from imgforge_mcp.local.noise import sample
from imgforge_mcp.local.pixels import mix, over, rgb, smooth
from imgforge_mcp.local.stage import Stage


def road(stage: Stage) -> None:
    """From below the eye to the hills, with a line down its middle and gravel at its edges."""
    top = int(stage.horizon + stage.height * 0.012)
    rows = np.arange(top, stage.height, dtype=np.float32)[:, None]
    columns = np.arange(stage.width, dtype=np.float32)[None]
    down = (rows - top) / (stage.height - top)
    depth = 1 / (0.05 + down)
    swing = float(stage.dice(91).choice([-1.0, 1.0]))
    bend = swing * stage.width * (0.16 * np.sin(depth * 0.62 - 0.5) * (1 - down) ** 0.8 + 0.02 * (1 - down))
    half = stage.width * (0.008 + 0.46 * down**1.05)
    across = (columns - stage.width * 0.5 - bend) / half
    grain = sample(stage.noise.tile(48, octaves=3, layer=92), across * 0.4, np.broadcast_to(depth * 0.9, across.shape))
    light = stage.light.ambient * 0.62 + stage.light.key * 0.5
    asphalt = rgb(98, 98, 106) * (1 + 0.1 * grain[..., None]) * light
    gravel = rgb(158, 142, 116) * (1 + 0.2 * grain[..., None]) * light
    paint = rgb(244, 236, 214) * light
    dashes = (np.mod(depth * 1.6, 1) < 0.55).astype(np.float32)
    middle = (1 - smooth(0.012, 0.022, np.abs(across))) * dashes
    edge = 1 - smooth(0.01, 0.02, np.abs(np.abs(across) - 0.86))
    surface = over(
        over(asphalt, np.broadcast_to(paint, asphalt.shape), middle * 0.9), paint * np.ones_like(asphalt), edge * 0.8
    )
    surface = over(surface, gravel, smooth(0.93, 0.97, np.abs(across)))
    there = 1 - smooth(1.02, 1.1, np.abs(across) + grain * 0.05)
    haze = np.clip(0.62 - down * 2.4, 0, 0.62)
    with stage.part("road", "ground"):
        stage.image[top:] = over(stage.image[top:], mix(surface, stage.light.mist, haze[..., None]), there)
