"""Semantic Kernel."""

import asyncio
import json
import os

from openai import AsyncOpenAI
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.connectors.mcp import MCPStdioPlugin


async def main(url: str) -> None:
    server = json.loads(os.environ["IMGFORGE_SERVER"])
    chat = OpenAIChatCompletion(ai_model_id="gpt-4.1", async_client=AsyncOpenAI(base_url=f"{url}/v1", api_key="k"))
    async with MCPStdioPlugin(name="imgforge", **server, request_timeout=60) as plugin:
        agent = ChatCompletionAgent(service=chat, name="painter", plugins=[plugin])
        await agent.get_response(messages="Draw a red fox.")


asyncio.run(main(os.environ["MODEL_URL"]))
