"""The places a scene can be in; each paints the whole picture behind the subjects."""

from __future__ import annotations

from collections.abc import Callable

from imgforge_mcp.local.pixels import resize
from imgforge_mcp.local.places import (
    abstract,
    city,
    forest,
    grounds,
    landscape,
    plain,
    room,
    sea,
    settled,
    space,
    street,
    studio,
    underwater,
)
from imgforge_mcp.local.stage import Stage, open_stage

PLACES: dict[str, Callable[[Stage], None]] = {
    "alpine": landscape.alpine,
    "lake": landscape.lake,
    "fuji": landscape.fuji,
    "meadow": landscape.meadow,
    "desert": landscape.desert,
    "mars": landscape.mars,
    "forest": forest.forest,
    "ocean": sea.ocean,
    "coast": sea.coast,
    "city": city.city,
    "street": street.street,
    "room": room.room,
    "studio": studio.studio,
    "portrait": studio.portrait,
    "space": space.space,
    "underwater": underwater.underwater,
    "village": settled.village,
    "garden": settled.garden,
    "abstract": abstract.abstract,
    "plain": plain.plain,
    "poster": plain.poster,
    "card": plain.card,
    "stadium": grounds.stadium,
    "playground": grounds.playground,
}


# behind a close-up these lie out of focus, so half the size is enough
_SOFT_BEHIND = frozenset({"forest", "meadow", "alpine", "desert", "mars", "village", "garden", "street", "city"})


def paint(stage: Stage) -> None:
    """The scene's place over the whole picture."""
    painter = PLACES.get(stage.scene.place, landscape.meadow)
    is_soft = stage.scene.shot == "close" and stage.scene.subjects and stage.scene.place in _SOFT_BEHIND
    stage.tell(f"place:{stage.scene.place}", f"time:{stage.scene.time}")
    if not is_soft or min(stage.shape) < 640:
        painter(stage)
        return
    small = open_stage(stage.scene, stage.width // 2, stage.height // 2, stage.noise.seed, stage.report, stage.marks)
    painter(small)
    stage.image = resize(small.image, *stage.shape)
    stage.water = None if small.water is None else resize(small.water, *stage.shape)
    stage.horizon, stage.ground, stage.sun = small.horizon * 2, small.ground * 2, (small.sun[0] * 2, small.sun[1] * 2)
    stage.light, stage.surface, stage.tuck = small.light, small.surface, small.tuck
    stage.shadow, stage.reflect = small.shadow, small.reflect
