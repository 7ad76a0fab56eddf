"""LlamaIndex."""

import asyncio
import json
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.llms.openai import OpenAI
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


async def main(url: str) -> None:
    server = json.loads(os.environ["IMGFORGE_SERVER"])
    client = BasicMCPClient(server["command"], args=server["args"], env=server["env"], timeout=60)
    tools = await McpToolSpec(client=client).to_tool_list_async()
    chat = OpenAI(model="gpt-4.1", api_base=f"{url}/v1", api_key="k")
    await FunctionAgent(tools=tools, llm=chat, streaming=False).run("Draw a red fox.")


asyncio.run(main(os.environ["MODEL_URL"]))
