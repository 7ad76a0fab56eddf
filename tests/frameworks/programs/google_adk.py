"""Google's Agent Development Kit, on Gemini's own API."""

import asyncio
import json
import os

os.environ["GOOGLE_GEMINI_BASE_URL"] = os.environ["MODEL_URL"]
os.environ["GOOGLE_API_KEY"] = "k"

from google.adk.agents import LlmAgent
from google.adk.runners import InMemoryRunner
from google.adk.tools.mcp_tool.mcp_session_manager import StdioConnectionParams
from google.adk.tools.mcp_tool.mcp_toolset import McpToolset
from google.genai import types
from mcp import StdioServerParameters


async def main() -> None:
    server = StdioServerParameters(**json.loads(os.environ["IMGFORGE_SERVER"]))
    tools = McpToolset(connection_params=StdioConnectionParams(server_params=server, timeout=60))
    agent = LlmAgent(model="gemini-2.5-flash", name="painter", tools=[tools])
    runner = InMemoryRunner(agent=agent, app_name="painting")
    session = await runner.session_service.create_session(app_name="painting", user_id="u")
    asked = types.Content(role="user", parts=[types.Part(text="Draw a red fox.")])
    async for _ in runner.run_async(user_id="u", session_id=session.id, new_message=asked):
        pass
    await tools.close()


asyncio.run(main())
