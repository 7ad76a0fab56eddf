"""The stdio server loads what it needs of the SDK, and the rest is there for whoever asks for it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = """
from imgforge_mcp.mcp.loading import models_built_when_used, put_off_packages
put_off_packages()
with models_built_when_used():
    import imgforge_mcp.mcp.stdio
    import imgforge_mcp.mcp.tools
import sys
"""


def said(program: str) -> str:
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", SERVER + program],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()


def test_a_server_loads_no_client_and_no_second_kind_of_server() -> None:
    assert said("print({'mcp.client', 'mcp.server.mcpserver', 'httpx2'} & set(sys.modules))") == "set()"


def test_what_was_put_off_is_there_when_it_is_asked_for() -> None:
    program = """
import mcp, mcp.server
from mcp import ClientSession
print(ClientSession.__name__, mcp.server.MCPServer.__name__, hasattr(mcp, "no_such_thing"), hasattr(mcp, "__wrapped__"))
"""
    assert said(program) == "ClientSession MCPServer False False"


def test_a_model_that_was_not_built_is_built_by_whoever_uses_it_first_from_whichever_thread() -> None:
    program = """
import threading
import mcp_types as types
def call(number):
    params = {"name": "check_job", "arguments": {"number": number}}
    line = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    found = types.CallToolRequest.model_validate(line)
    result = types.CallToolResult(content=[types.TextContent(text="done")])
    told.append((found.params.arguments["number"], result.model_dump_json(by_alias=True, exclude_unset=True)))
told = []
threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(number for number, _ in told) == list(range(16)), len({text for _, text in told}))
class Later(types.BaseModel if hasattr(types, "BaseModel") else __import__("pydantic").BaseModel):
    number: int
print(Later.__pydantic_complete__)
"""
    assert said(program).split() == ["True", "1", "True"], "and who comes later is built at once"
