"""The places a scene can be in; each paints the whole picture behind the subjects."""

from __future__ import annotations

from collections.abc import Callable

from imgforge_mcp.local.places import (
    abstract,
    city,
    forest,
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
from imgforge_mcp.local.stage import Stage

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
}


def paint(stage: Stage) -> None:
    PLACES.get(stage.scene.place, landscape.meadow)(stage)
