"""The smallest server that the SDK allows: one tool, the SDK's own stdio. What is above its start is ours."""

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


async def list_tools(context: object, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    tool = types.Tool(name="echo", description="Answers.", input_schema={"type": "object"})
    return types.ListToolsResult(tools=[tool])


async def call_tool(context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text="here")])


async def main() -> None:
    server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
