"""The OpenAI Agents SDK, on the chat completions and on the responses API."""

import asyncio
import json
import os
import sys

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStdio
from openai import AsyncOpenAI


async def main(model: str, url: str) -> None:
    set_tracing_disabled(True)
    kind = OpenAIChatCompletionsModel if model == "openai" else OpenAIResponsesModel
    server = json.loads(os.environ["IMGFORGE_SERVER"])
    async with MCPServerStdio(params=server, client_session_timeout_seconds=60) as imgforge:
        chat = kind("gpt-4.1", openai_client=AsyncOpenAI(base_url=f"{url}/v1", api_key="k"))
        await Runner.run(Agent(name="painter", mcp_servers=[imgforge], model=chat), "Draw a red fox.")


asyncio.run(main(sys.argv[1], os.environ["MODEL_URL"]))
