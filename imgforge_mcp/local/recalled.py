"""A drawing remembers its scene in a text chunk of the PNG, so that the scene can be set elsewhere later."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any, get_args

from imgforge_mcp.base.canvas import MAX_NOTE
from imgforge_mcp.local.language.parse import names_place, parse
from imgforge_mcp.local.scene import Scene, Shot, Subject, Time


def note(scene: Scene, seed: int) -> str:
    """The scene and its seed as text; not the prompt itself."""
    fields = dataclasses.asdict(replace(scene, claims=(), readings=()))
    fields |= {"features": sorted(scene.features), "seed": seed}
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def recall(text: str) -> tuple[Scene, int] | None:
    """The scene of one of our drawings, by its note; nothing where there is none, or one that was meddled with."""
    if not text or len(text) > MAX_NOTE:
        return None
    try:
        fields = json.loads(text)
        seed = int(fields.pop("seed"))
        return _scene(fields), seed
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def elsewhere(scene: Scene, instruction: str) -> Scene | None:
    """The same subjects where the instruction puts them: another place, hour, weather or season."""
    asked = parse(instruction, style=None, negative=None, width=64, height=64)
    changes: dict[str, Any] = {}
    if names_place(instruction):
        changes = {"place": asked.place, "features": scene.features | asked.features, "colours": asked.colours}
    if asked.weather or asked.season:
        changes |= {"weather": asked.weather, "season": asked.season or scene.season}
    if asked.time != "day" or " day" in f" {instruction.lower()}":
        changes["time"] = asked.time
    return replace(scene, **changes) if changes else None


def _scene(fields: dict[str, Any]) -> Scene:
    subjects = tuple(_subject(entry) for entry in fields["subjects"])
    time, shot = fields["time"], fields["shot"]
    if time not in get_args(Time) or shot not in get_args(Shot):
        raise ValueError("not a scene")
    return Scene(
        place=str(fields["place"]),
        time=time,
        shot=shot,
        weather=tuple(map(str, fields["weather"])),
        season=str(fields["season"]),
        styles=tuple(map(str, fields["styles"])),
        subjects=subjects,
        text=tuple(map(str, fields["text"])),
        colours=tuple(_colour(colour) for colour in fields["colours"]),
        features=frozenset(map(str, fields["features"])),
        salt=int(fields.get("salt", 0)),
    )


def _subject(entry: dict[str, Any]) -> Subject:
    from imgforge_mcp.local.language.aliases import ROLES
    from imgforge_mcp.local.sprites.library import library, own_drawings

    name = str(entry["name"])
    known = name in library() or name in own_drawings() or name.removeprefix("figure:") in ROLES
    if not known:
        raise ValueError("not a drawing of ours")
    return Subject(
        name=name,
        word=str(entry["word"])[:60],
        count=max(1, min(12, int(entry["count"]))),
        colour=_colour(entry["colour"]) if entry["colour"] else None,
        size=max(0.3, min(2.0, float(entry["size"]))),
        relation=entry["relation"] if isinstance(entry["relation"], str) else "",  # type: ignore[arg-type]
        target=int(entry["target"]) if entry["target"] is not None else None,
        traits=tuple((str(thing), _colour(colour)) for thing, colour in entry["traits"]),
        key=int(entry.get("key", 0)),
        action=str(entry.get("action", ""))[:20],
    )


def _colour(value: Any) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, int(v))) for v in value)
    return red, green, blue
