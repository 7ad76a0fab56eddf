"""A pipeline: starts imgforge-mcp as a child, has a picture drawn, and saves it whole. Needs: pip install mcp

python pipeline.py "a red fox in fresh snow" fox.png
"""

import asyncio
import base64
import json
import sys
from pathlib import Path

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def main(prompt: str, path: str) -> None:
    server = stdio_client(StdioServerParameters(command="imgforge-mcp", args=[]))
    async with Client(server) as client:
        answer = await client.call_tool("generate_image", {"prompt": prompt})
        job = json.loads(answer.content[0].text)
        while job.get("state") in ("queued", "processing"):
            answer = await client.call_tool("check_job", {"job_id": job["job_id"], "wait_seconds": 30})
            job = json.loads(answer.content[0].text)
        if job.get("state") != "completed":
            raise SystemExit(job.get("error") or job)
        asset = job["assets"][0]
        picture = await client.read_resource(f"imgforge://assets/{asset['asset_id']}")
        Path(path).write_bytes(base64.b64decode(picture.contents[0].blob))
        print(f"{path}: {asset['width']}x{asset['height']}, {job['provider']}/{job['model']}, ${job['cost_usd']}")


asyncio.run(main(*sys.argv[1:3]))
