"""mcp-use."""

import asyncio
import json
import os
import sys

os.environ["MCP_USE_ANONYMIZED_TELEMETRY"] = "false"

from langchain_openai import ChatOpenAI
from mcp_use import MCPAgent, MCPClient


async def main(model: str, url: str) -> None:
    client = MCPClient.from_dict({"mcpServers": {"imgforge": json.loads(os.environ["IMGFORGE_SERVER"])}})
    chat = ChatOpenAI(model="gpt-4.1", base_url=f"{url}/v1", api_key="k", use_responses_api=model == "responses")
    await MCPAgent(llm=chat, client=client, max_steps=5).run("Draw a red fox.")
    await client.close_all_sessions()


asyncio.run(main(sys.argv[1], os.environ["MODEL_URL"]))
