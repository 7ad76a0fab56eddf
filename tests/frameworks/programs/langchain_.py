"""LangChain with its MCP adapters."""

import asyncio
import json
import os
import sys

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import ChatOpenAI


async def main(model: str, url: str) -> None:
    client = MultiServerMCPClient({"imgforge": {"transport": "stdio", **json.loads(os.environ["IMGFORGE_SERVER"])}})
    tools = await client.get_tools()
    if model == "anthropic":
        chat = ChatAnthropic(model="claude-sonnet-4-5", base_url=url, api_key="k")
    else:
        is_new = model == "responses"
        chat = ChatOpenAI(model="gpt-4.1", base_url=f"{url}/v1", api_key="k", use_responses_api=is_new)
    await create_agent(chat, tools).ainvoke({"messages": [("user", "Draw a red fox.")]})


asyncio.run(main(sys.argv[1], os.environ["MODEL_URL"]))
