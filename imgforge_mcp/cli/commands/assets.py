"""The stored pictures: listed, shown, written out, checked, kept, deleted."""

import argparse
from collections.abc import Awaitable, Callable

from imgforge_mcp.base.errors import ForgeError, InvalidRequest
from imgforge_mcp.base.types import Asset, Json
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.commands.person import destination, person
from imgforge_mcp.cli.commands.shown import asset_json, count_of_images, show_picture
from imgforge_mcp.cli.output import amount_of, show
from imgforge_mcp.cli.running import DONE, FAILED
from imgforge_mcp.forge import Forge


async def assets(forge: Forge, options: argparse.Namespace) -> int:
    match options.action:
        case "list":
            found = await forge.recent_assets(max(1, options.limit))
            values = [{**asset_json(asset), "path": forge.place(asset)} for asset in found]
            ids = await forge.short_ids(found)
            rows = lists.of_assets(found, ids, [forge.place(asset) for asset in found])
            show(values, options, rows if found else ["The store is empty."])
        case "show":
            asset = await _found(forge, options)
            origins = await forge.origins(asset)
            value = {**asset_json(asset), "path": forge.place(asset), "origins": origins}
            size = f"{asset.width}x{asset.height}, {asset.mime_type}, {amount_of(asset.bytes)}"
            show(value, options, [asset.asset_id, size, forge.place(asset), *lists.of_origins(origins)])
            await show_picture(forge, asset, options)
        case "export":
            await _export(forge, options)
        case "verify":
            return await _verify(forge, options)
        case "prune":
            gone, left = await forge.evict(), await forge.store_bytes()
            show(
                {"removed": gone, "bytes": left},
                options,
                [f"Removed {count_of_images(gone)}; {amount_of(left)} are left."],
            )
    return DONE


async def _found(forge: Forge, options: argparse.Namespace) -> Asset:
    """The one image whose id begins as given."""
    start = (options.asset_id or "").lower()
    if not start:
        raise InvalidRequest("Name an image by its id; 'imgforge-mcp assets list' shows them.", field="asset_id")
    return await forge.named_asset(start)


async def _export(forge: Forge, options: argparse.Namespace) -> None:
    asset = await _found(forge, options)
    if not options.path:
        raise InvalidRequest("Say where to write it: imgforge-mcp assets export ID PATH.", field="path")
    written = await forge.export(asset, destination(options.path) or "", person(forge))
    show({"path": str(written)}, options, [str(written)])


async def _verify(forge: Forge, options: argparse.Namespace) -> int:
    """Every image against its hash; nothing is moved."""
    checked, damaged = await forge.damaged_assets()
    lines = [
        f"{checked - len(damaged)} of {checked} images are sound.",
        *(f"damaged or missing: {p}" for p in damaged),
    ]
    show({"checked": checked, "damaged": damaged}, options, lines)
    return FAILED if damaged else DONE


async def delete(forge: Forge, options: argparse.Namespace) -> int:
    caller = forge.caller()
    return await _change(forge, options, "deleted", lambda asset_id: forge.delete_asset(asset_id, caller))


async def pin(forge: Forge, options: argparse.Namespace) -> int:
    caller, is_pinned = forge.caller(), options.command == "pin"
    state = "pinned" if is_pinned else "unpinned"
    return await _change(forge, options, state, lambda asset_id: forge.pin_asset(asset_id, caller, is_pinned=is_pinned))


async def _change(
    forge: Forge, options: argparse.Namespace, state: str, act: Callable[[str], Awaitable[object]]
) -> int:
    """One thing done to each of several images, all of which are found before the first is touched."""
    found = [(await forge.named_asset(start.lower())).asset_id for start in options.asset_ids]
    changed: list[Json] = []
    for asset_id in dict.fromkeys(found):
        try:
            await act(asset_id)
        except ForgeError as error:
            changed.append({"asset_id": asset_id, "state": "refused", "error": error.message})
        else:
            changed.append({"asset_id": asset_id, "state": state})
    show(changed, options, [f"{each['asset_id'][:16]}  {each.get('error', state)}" for each in changed])
    return FAILED if any("error" in each for each in changed) else DONE
