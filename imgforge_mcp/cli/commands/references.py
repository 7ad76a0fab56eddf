"""Characters and styles by name."""

import argparse
from dataclasses import replace

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Json, KeptReference
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.commands.person import person, reference
from imgforge_mcp.cli.commands.shown import asset_json
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE
from imgforge_mcp.forge import Forge


async def references(forge: Forge, options: argparse.Namespace) -> int:
    """Characters and styles by name, of the person at the terminal or of a key's holder."""
    caller = person(forge)
    if options.key_name is not None:
        caller = replace(caller, tenant=await forge.tenant_of(options.key_name))
    if options.action != "list" and not options.name:
        raise InvalidRequest(f"Name it: imgforge-mcp references {options.action} NAME.", field="name")
    match options.action:
        case "list":
            found = await forge.kept_references(caller)
            empty = ["Nothing is kept yet: imgforge-mcp references add NAME PICTURE."]
            show([_kept_json(kept) for kept in found], options, lists.of_references(found) if found else empty)
        case "add":
            pictures = [reference(picture) for picture in options.pictures]
            kept = await forge.keep_reference(options.name, pictures, options.words, caller)
            count = f"{len(kept.pictures)} picture{'' if len(kept.pictures) == 1 else 's'}"
            use = f"imgforge-mcp generate --reference {kept.name} …"
            show(_kept_json(kept), options, [f"{kept.name} is kept with {count}; draw by it with: {use}"])
        case _:
            await forge.drop_reference(options.name, caller)
            show({"name": options.name, "state": "removed"}, options, [f"{options.name} is no longer kept."])
    return DONE


def _kept_json(kept: KeptReference) -> Json:
    return {"name": kept.name, "words": kept.words, "pictures": [asset_json(asset) for asset in kept.pictures]}
