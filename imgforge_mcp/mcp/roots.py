"""The directories that a client declares (roots, protocol 2025-11-25 and older): they widen where files may be read and
written."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from pydantic import BaseModel

from imgforge_mcp.base.types import Caller

ANSWER_SECONDS = 5.0


async def declared_roots(context: Any, arguments: BaseModel, caller: Caller) -> Caller:
    """The caller with the client's roots, asked for only when the arguments name a path and files are allowed at
    all."""
    if not caller.outputs or not _names_a_path(arguments) or not _has_roots(context):
        return caller
    found = await _ask(context)
    return replace(caller, outputs=(*caller.outputs, *found), directories=(*caller.directories, *found))


def _names_a_path(arguments: BaseModel) -> bool:
    lists = (getattr(arguments, name, None) or () for name in ("input_images", "reference_images"))
    single = (getattr(arguments, name, None) or "" for name in ("image", "mask"))
    references = [*(reference for each in lists for reference in each), *single]
    return any(getattr(arguments, name, None) for name in ("save_to", "path")) or any(
        reference.startswith(("/", "~", "file://", ".")) or reference[1:3] in (":\\", ":/") for reference in references
    )


def _has_roots(context: Any) -> bool:
    capabilities = context.session.client_capabilities
    return capabilities is not None and capabilities.roots is not None and context.session.can_send_request


async def _ask(context: Any) -> list[Path]:
    with anyio.move_on_after(ANSWER_SECONDS), warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        try:
            answer = await context.session.list_roots()
        except MCPError:
            return []
        return [path for root in answer.roots if (path := _path(str(root.uri))) is not None]
    return []


def _path(uri: str) -> Path | None:
    """A root's directory; the file system's own root is none that anybody meant."""
    parts = urlsplit(uri)
    path = Path(unquote(parts.path))
    is_usable = parts.scheme == "file" and parts.netloc in ("", "localhost") and path.is_absolute()
    return path if is_usable and path != Path(path.anchor) else None
