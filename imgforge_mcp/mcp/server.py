"""The MCP face: one server object for every transport, made over a Forge that may still be opening."""

import base64
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.lowlevel import Server

from imgforge_mcp import __version__
from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.mcp.installation import Installation, installation
from imgforge_mcp.mcp.reading import read_kindly
from imgforge_mcp.presentation import Presentation

if TYPE_CHECKING:
    from imgforge_mcp.forge import Forge


class _Server(Server[Any]):
    """Its instructions are made when a client is greeted: whoever only makes a server has nothing loaded."""

    def __init__(self, here: Callable[[], Installation], *arguments: Any, **options: Any) -> None:
        self._here = here
        super().__init__(*arguments, **options)

    @property
    def instructions(self) -> str:
        return self._here().instructions

    @instructions.setter
    def instructions(self, text: str | None) -> None:
        """Those of the constructor, of which there are none."""


def create_server(forge: "Forge | LazyForge", presentation: Presentation | None = None) -> Server[Any]:
    """The server over a Forge, open or still to be opened. `presentation` says how results are shown and who is asking;
    left out: as on stdio."""
    answers = _Answers(forge if isinstance(forge, LazyForge) else LazyForge.of(forge), presentation or Presentation())
    server = _Server(
        answers.here,
        "imgforge-mcp",
        version=__version__,
        title="imgforge",
        icons=[_icon()],
        get_tool_input_schema=_schema_of,
        on_list_tools=answers.list_tools,
        on_call_tool=answers.call_tool,
        on_list_resources=answers.list_resources,
        on_list_resource_templates=answers.list_templates,
        on_read_resource=answers.read_resource,
        on_list_prompts=answers.list_prompts,
        on_get_prompt=answers.get_prompt,
        on_completion=answers.complete,
    )
    server.middleware.append(read_kindly)
    server.extensions["io.modelcontextprotocol/ui"] = {}  # MCP Apps: see mcp.apps, which loads when it is asked for
    return server


class _Answers:
    """What the server answers, one method a request; each loads what it needs when it is first asked."""

    def __init__(self, lazy: LazyForge, presentation: Presentation) -> None:
        self._lazy = lazy
        self._presentation = presentation
        self.here = cache(partial(installation, lazy.config, presentation.base_url))

    async def list_tools(self, context: Any, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        from imgforge_mcp.mcp.clients import form_for
        from imgforge_mcp.mcp.tools import tool_list

        return types.ListToolsResult(
            tools=tool_list(self._lazy.config, form_for(context, self._lazy.config), self.here())
        )

    async def call_tool(
        self, context: Any, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        from imgforge_mcp.mcp.tools import call

        return await call(self._lazy, self._presentation, context, params)

    async def list_resources(
        self, context: Any, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        from imgforge_mcp.mcp.apps import is_shown_by
        from imgforge_mcp.mcp.resources import resource_list

        return types.ListResourcesResult(resources=resource_list(has_app=is_shown_by(context)))

    async def list_templates(
        self, context: Any, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        from imgforge_mcp.mcp.resources import template_list

        return types.ListResourceTemplatesResult(resource_templates=template_list())

    async def read_resource(self, context: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        from imgforge_mcp.mcp.resources import read

        return await read(self._lazy, self._presentation, context, str(params.uri))

    async def list_prompts(self, context: Any, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        from imgforge_mcp.mcp.prompts import prompt_list

        return types.ListPromptsResult(prompts=prompt_list(self._lazy.config))

    async def get_prompt(self, context: Any, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        from imgforge_mcp.mcp.prompts import get

        return get(self._lazy.config, params.name, params.arguments or {})

    async def complete(self, context: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
        from imgforge_mcp.mcp.prompts import complete

        return await complete(self._lazy, self._presentation, context, params.argument.name, params.argument.value)


def _icon() -> types.Icon:
    """The program's mark, once, on the server: on each tool it would cost every model its bytes."""
    drawing = resources.files("imgforge_mcp").joinpath("parts", "icon.svg").read_bytes()
    source = f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode('ascii')}"
    return types.Icon(src=source, mime_type="image/svg+xml", sizes=["any"])


def _schema_of(name: str) -> Mapping[str, Any] | None:
    from imgforge_mcp.mcp.tools import input_schema

    return input_schema(name)
