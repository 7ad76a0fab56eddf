"""Pydantic AI."""

import asyncio
import json
import os
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider


async def main(model: str, url: str) -> None:
    imgforge = MCPToolset(StdioTransport(**json.loads(os.environ["IMGFORGE_SERVER"])), init_timeout=60, read_timeout=60)
    if model == "openai":
        chat = OpenAIChatModel("gpt-4.1", provider=OpenAIProvider(base_url=f"{url}/v1", api_key="k"))
    else:
        chat = AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(base_url=url, api_key="k"))
    await Agent(chat, toolsets=[imgforge]).run("Draw a red fox.")


asyncio.run(main(sys.argv[1], os.environ["MODEL_URL"]))
