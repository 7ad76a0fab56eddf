"""The picture as an MCP App: one self-contained page for hosts that show such, of the same parts as the gallery."""

from functools import cache
from importlib import resources
from typing import Any

import mcp_types as types

from imgforge_mcp.base.types import Json
from imgforge_mcp.mcp.introduced import EXTENSION, MIME_TYPE, shows_apps

__all__ = ["EXTENSION", "MIME_TYPE"]
URI = "ui://imgforge/picture"
TOOLS = frozenset({"generate_image", "edit_image", "check_job", "generate_batch"})
PARTS = ("colours.css", "picture.css", "picture.js")


def is_shown_by(context: Any) -> bool:
    """Whether the client of this request says that it shows such pages."""
    asked = context.session.client_params
    return asked is not None and shows_apps(asked.capabilities.extensions)


def tool_meta(name: str) -> Json | None:
    """What a tool says of its page."""
    return {"ui": {"resourceUri": URI}} if name in TOOLS else None


def resource() -> types.Resource:
    return types.Resource(uri=URI, name="picture", title="The picture, to look at and to change", mime_type=MIME_TYPE)


def contents() -> types.ReadResourceResult:
    """The page. It asks nobody for anything: pictures come with the results, all else goes through the host."""
    page = types.TextResourceContents(uri=URI, text=html(), mime_type=MIME_TYPE, _meta={"ui": {"prefersBorder": True}})
    return types.ReadResourceResult(contents=[page])


@cache
def html() -> str:
    """One file: its styles and its script stand in it."""
    folder = resources.files("imgforge_mcp").joinpath("parts")
    page = folder.joinpath("picture.html").read_text("utf-8")
    for part in PARTS:
        page = page.replace(f"/* {part} */", folder.joinpath(part).read_text("utf-8"))
    return page
