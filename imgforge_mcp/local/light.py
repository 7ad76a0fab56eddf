"""What lights a scene: sky colours, sun, ambient and key light, mist, by time and weather."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imgforge_mcp.local.pixels import Array, Rgb, luma, mix, rgb
from imgforge_mcp.local.scene import Scene, Time

Stops = tuple[tuple[float, Rgb], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Colours are float arrays 0 to 1; `height` is the sun's above the horizon as a part of the sky."""

    sky: Stops
    sun: Array
    ambient: Array
    key: Array
    mist: Array
    height: float
    glow: float
    cover: float
    stars: bool = False
    overcast: bool = False
    haze: float = 1.0


_TIMES: dict[Time, Light] = {
    "day": Light(
        sky=((0, (38, 104, 190)), (0.55, (112, 174, 226)), (0.85, (186, 218, 238)), (1, (224, 236, 240))),
        sun=rgb(255, 250, 232),
        ambient=rgb(134, 154, 184),
        key=rgb(255, 244, 220),
        mist=rgb(196, 217, 232),
        height=0.72,
        glow=0.28,
        cover=0.02,
    ),
    "sunset": Light(
        sky=(
            (0, (38, 44, 104)),
            (0.3, (96, 70, 140)),
            (0.58, (204, 94, 112)),
            (0.8, (246, 146, 84)),
            (1, (255, 208, 128)),
        ),
        sun=rgb(255, 232, 176),
        ambient=rgb(104, 82, 122),
        key=rgb(255, 168, 92),
        mist=rgb(236, 152, 116),
        height=0.13,
        glow=0.55,
        cover=0.05,
    ),
    "sunrise": Light(
        sky=(
            (0, (86, 126, 190)),
            (0.4, (160, 168, 210)),
            (0.7, (240, 184, 178)),
            (0.88, (246, 196, 152)),
            (1, (248, 212, 164)),
        ),
        sun=rgb(255, 236, 192),
        ambient=rgb(136, 134, 166),
        key=rgb(255, 206, 156),
        mist=rgb(238, 202, 186),
        height=0.16,
        glow=0.36,
        cover=0.04,
        haze=1.25,
    ),
    "dusk": Light(
        sky=((0, (18, 26, 74)), (0.5, (52, 66, 130)), (0.82, (142, 112, 158)), (1, (226, 160, 150))),
        sun=rgb(250, 214, 190),
        ambient=rgb(74, 78, 128),
        key=rgb(160, 148, 200),
        mist=rgb(120, 112, 158),
        height=0.1,
        glow=0.2,
        cover=0.0,
        stars=True,
    ),
    "night": Light(
        sky=((0, (6, 11, 40)), (0.55, (18, 36, 88)), (0.85, (44, 68, 128)), (1, (76, 100, 156))),
        sun=rgb(232, 238, 252),
        ambient=rgb(44, 58, 104),
        key=rgb(150, 172, 222),
        mist=rgb(36, 52, 96),
        height=0.66,
        glow=0.26,
        cover=-0.12,
        stars=True,
    ),
}

_OVERCAST = ((0.0, (126.0, 138.0, 154.0)), (0.6, (176.0, 186.0, 196.0)), (1.0, (208.0, 214.0, 218.0)))


def light_for(scene: Scene) -> Light:
    """The light of the scene's time, dimmed or whitened by its weather."""
    light = _TIMES[scene.time]
    if scene.time == "day" and scene.has("rain", "fog", "storm", "overcast", "blizzard"):
        light = replace(
            light,
            sky=_OVERCAST,
            sun=rgb(232, 234, 238),
            ambient=rgb(148, 156, 168),
            key=rgb(196, 200, 206),
            mist=rgb(200, 206, 212),
            glow=0.1,
            cover=0.3,
            overcast=True,
        )
    if scene.has("storm"):
        dark = tuple((p, (c[0] * 0.5, c[1] * 0.52, c[2] * 0.6)) for p, c in light.sky)
        light = replace(
            light, sky=dark, ambient=light.ambient * 0.7, key=light.key * 0.75, mist=light.mist * 0.6, cover=0.4
        )
    if scene.has("fog"):
        light = replace(light, haze=light.haze * 1.7)
    if scene.has("clear"):
        light = replace(light, cover=-0.5)
    if scene.disc:
        light = replace(light, sun=rgb(*scene.disc))
    if scene.has("cloudy"):
        light = replace(light, cover=max(light.cover, 0.22))
    return light


def tint(light: Light, strength: float = 1.0) -> Array:
    """The colour that a white thing has in this light, for laying over sprites; never black."""
    colour = light.ambient * 0.55 + light.key * 0.6
    return mix(rgb(255, 255, 255), colour, strength)


def brightness(light: Light) -> float:
    return float(luma(light.ambient * 0.5 + light.key * 0.5))
