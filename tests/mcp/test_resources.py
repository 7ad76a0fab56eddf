"""Resources: images in full and smaller, jobs, models; what is not there is a protocol error."""

import base64
import hashlib
import io
import json
from collections.abc import Callable

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import BlobResourceContents, TextResourceContents
from PIL import Image

from tests.answers import is_named, told, uri
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.mcp.test_errors import check_shape

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse " + "in a storm " * 100}


async def test_an_asset_is_the_exact_bytes(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        (asset,) = told(await client.call_tool("generate_image", PROMPT))["assets"]
        (content,) = (await client.read_resource(uri(asset))).contents
    assert isinstance(content, BlobResourceContents)
    assert content.mime_type == asset["mime_type"]
    assert is_named(asset, hashlib.sha256(base64.b64decode(content.blob)).hexdigest())


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        pytest.param("200", 200, id="smaller"),
        pytest.param("4096", 1024, id="never enlarged"),
        pytest.param("0", 1024, id="nothing"),
        pytest.param("-5", 1024, id="less than nothing"),
        pytest.param("99999", 1024, id="too wide"),
        pytest.param("many", 1024, id="no number"),
    ],
)
async def test_a_rendition_has_the_width_that_is_asked_for(
    width: str, expected: int, emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("together")) as client:
        asked = {**PROMPT, "model": "together/flux-2-dev", "width": 1024, "height": 512}
        (asset,) = told(await client.call_tool("generate_image", asked))["assets"]
        (content,) = (await client.read_resource(f"{uri(asset)}?width={width}")).contents
    assert isinstance(content, BlobResourceContents)
    with Image.open(io.BytesIO(base64.b64decode(content.blob))) as image:
        assert image.size == (expected, expected // 2)
        assert image.get_format_mimetype() == content.mime_type


async def test_a_job_is_told_whole(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", PROMPT))
        (content,) = (await client.read_resource(f"imgforge://jobs/{job['job_id']}")).contents
    assert isinstance(content, TextResourceContents)
    stored = json.loads(content.text)
    assert stored["job_id"] == job["job_id"]
    assert stored["original_prompt"] == PROMPT["prompt"].strip()


@pytest.mark.parametrize("uri", ["imgforge://models", "imgforge://usage", "imgforge://guide"])
async def test_what_is_listed_can_be_read(uri: str, emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        listed = {str(each.uri): each for each in (await client.list_resources()).resources}
        (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == listed[uri].mime_type
    assert content.text


async def test_the_templates_name_assets_and_jobs(client_on: OpenClient) -> None:
    async with client_on() as client:
        templates = {each.uri_template for each in (await client.list_resource_templates()).resource_templates}
    assert templates == {"imgforge://assets/{sha256}{?width}", "imgforge://jobs/{job_id}"}


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param(f"imgforge://assets/{'0' * 64}", id="unknown asset"),
        pytest.param("imgforge://assets/../../registry.db", id="path"),
        pytest.param("imgforge://jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV", id="unknown job"),
        pytest.param("imgforge://keys", id="nothing of ours"),
        pytest.param("file:///etc/passwd", id="file"),
    ],
)
async def test_what_is_not_there_is_a_protocol_error(uri: str, client_on: OpenClient) -> None:
    async with client_on() as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
    assert refused.value.error.code == -32602
    check_shape({name: value for name, value in refused.value.error.data.items() if name != "uri"})
    assert (refused.value.error.data["code"], refused.value.error.data["status"]) == ("not_found", 404)
