"""Strands Agents."""

import json
import os
import sys

from mcp import StdioServerParameters, stdio_client
from strands import Agent
from strands.tools.mcp import MCPClient

model, url = sys.argv[1], os.environ["MODEL_URL"]
server = StdioServerParameters(**json.loads(os.environ["IMGFORGE_SERVER"]))
if model == "openai":
    from strands.models.openai import OpenAIModel

    chat = OpenAIModel(client_args={"base_url": f"{url}/v1", "api_key": "k"}, model_id="gpt-4.1")
else:
    from strands.models.anthropic import AnthropicModel

    chat = AnthropicModel(client_args={"base_url": url, "api_key": "k"}, model_id="claude-sonnet-4-5", max_tokens=999)
with MCPClient(lambda: stdio_client(server)) as client:
    Agent(model=chat, tools=client.list_tools_sync(), callback_handler=None)("Draw a red fox.")
