"""Lets a model loose on the tasks: `python -m tests.conversations [TASK …]`, with IMGFORGE_CHAT_URL (of an
OpenAI-compatible server, up to and with /v1), IMGFORGE_CHAT_MODEL and, where it wants one, IMGFORGE_CHAT_KEY."""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
from mcp.client import Client
from mcp_types import Implementation

from imgforge_mcp import create_server, open_forge
from imgforge_mcp.base.config import load_config
from tests import emulators
from tests.conversations.playing import bytes_of, files_in, filled, images_of, text_of
from tests.conversations.tasks import TASKS, Task

MOST_CALLS = 12
SECONDS = 120.0
DONE = "When the task is done, or cannot be done, answer the person in one sentence and call nothing more."


async def main() -> int:
    url, model = os.environ.get("IMGFORGE_CHAT_URL"), os.environ.get("IMGFORGE_CHAT_MODEL")
    if not url or not model:
        print(__doc__, file=sys.stderr)
        return 2
    wanted = sys.argv[1:]
    chosen = [task for task in TASKS if not wanted or task.name in wanted]
    key = os.environ.get("IMGFORGE_CHAT_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=url.rstrip("/") + "/", headers=headers, timeout=SECONDS) as chat:
        done = [await played(task, chat, model) for task in chosen]
    print(f"{sum(done)} of {len(done)} tasks with as many pictures as they ask for")
    return 0 if all(done) else 1


async def played(task: Task, chat: httpx.AsyncClient, model: str) -> bool:
    """One task by a model; whether there are as many pictures as it asks for."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        serving = [emulators.load(name) for name in task.providers]
        for emulator in serving:
            stack.enter_context(emulator.serve())
            if fault := task.faults.get(emulator.name):
                emulator.fault(fault)
        files = files_in(folder / "out")
        (folder / "config.toml").touch()
        variables = {name: value for emulator in serving for name, value in emulator.environment().items()}
        settings = {"IMGFORGE_HOME": f"{folder}/home", "IMGFORGE_OUTPUT_DIRS": f"{folder}/out"}
        config = load_config({**settings, "IMGFORGE_CONFIG": f"{folder}/config.toml", **variables})
        async with (
            open_forge(config) as forge,
            Client(create_server(forge), mode="legacy", client_info=Implementation(name="mcp", version="1")) as client,
        ):
            calls, count, said = await talk(client, chat, model, filled_in(task.person, files))
            jobs = await forge.recent_jobs(50, forge.caller())
        drawn = sum(len(job.assets) for job in jobs if job.error is None)
        written = sum(path.name not in ("photo.png", "logo.png") for path in (folder / "out").iterdir())
    is_done = drawn + written >= task.pictures
    print(f"{'done' if is_done else 'NOT '} {task.name}: {calls} calls, {count} bytes of results. {said}")
    return is_done


def filled_in(text: str, files: dict[str, str]) -> str:
    return " ".join(str(filled(word.rstrip("."), [], files)) + "." * word.endswith(".") for word in text.split())


async def talk(client: Client, chat: httpx.AsyncClient, model: str, person: str) -> tuple[int, int, str]:
    """Calls made, bytes of their results, and the model's last words."""
    tools = [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in (await client.list_tools()).tools
    ]
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": f"{client.instructions or ''} {DONE}"},
        {"role": "user", "content": person},
    ]
    calls = count = 0
    while calls < MOST_CALLS:
        reply = await chat.post("chat/completions", json={"model": model, "messages": messages, "tools": tools})
        reply.raise_for_status()
        message = reply.json()["choices"][0]["message"]
        messages.append(message)
        if not message.get("tool_calls"):
            return calls, count, message.get("content") or ""
        for call in message["tool_calls"]:
            calls += 1
            function = call["function"]
            result = await client.call_tool(function["name"], json.loads(function["arguments"] or "{}"))
            text = text_of(result) + f" [{images_of(result)} images]" * bool(images_of(result))
            count += bytes_of(text)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
    return calls, count, "(it did not come to an end)"


if __name__ == "__main__":
    sys.exit(anyio.run(main))
