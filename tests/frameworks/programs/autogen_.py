"""AutoGen's AgentChat."""

import asyncio
import json
import os

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from autogen_ext.tools.mcp import McpWorkbench, StdioServerParams


async def main(url: str) -> None:
    server = StdioServerParams(**json.loads(os.environ["IMGFORGE_SERVER"]), read_timeout_seconds=60)
    chat = OpenAIChatCompletionClient(model="gpt-4.1", base_url=f"{url}/v1", api_key="k")
    async with McpWorkbench(server) as workbench:
        agent = AssistantAgent("painter", model_client=chat, workbench=workbench, reflect_on_tool_use=True)
        await agent.run(task="Draw a red fox.")


asyncio.run(main(os.environ["MODEL_URL"]))
