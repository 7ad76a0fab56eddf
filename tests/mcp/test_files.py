"""Files and references that a caller names: where pictures are written, what may be read, what is fetched."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp.client import Client, ClientRequestContext
from mcp_types import ListRootsResult, Root
from PIL import Image
from pydantic import FileUrl

from imgforge_mcp import create_server
from tests.answers import is_named, told, uri
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The one directory that the configuration allows; it is not made yet."""
    return tmp_path / "out"


@pytest.fixture
def inputs(out: Path, tmp_path: Path, picture: bytes) -> Path:
    """The same directory with a picture, a key and links in it, and another beside it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "input.png").write_bytes(picture)
    out.mkdir()
    (out / "input.png").write_bytes(picture)
    (out / "key.pem").write_text("-----BEGIN PRIVATE KEY-----")
    (out / "tower.jpg").write_text("mine")
    (out / "link").symlink_to(tmp_path / "elsewhere")
    (out / "link.png").symlink_to(tmp_path / "elsewhere" / "input.png")
    return out


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def test_the_image_is_also_written_where_the_caller_says(
    out: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "save_to": str(out / "sea" / "tower.png")}))
    (saved,) = job["saved_to"]
    # The provider delivered a JPEG, so that is what the name says.
    assert saved == str(out / "sea" / "tower.jpg")
    assert saved in job["message"]
    assert is_named(job["assets"][0], digest(saved))


async def test_nothing_is_written_over(inputs: Path, emulate: Emulate, client_on: OpenClient) -> None:
    mine = digest(str(inputs / "tower.jpg"))
    async with client_on(emulate("together")) as client:
        job = told(await client.call_tool("generate_image", {**PROMPT, "save_to": "tower", "n": 2}))
    assert job["saved_to"] == [str(inputs / "tower-1.jpg"), str(inputs / "tower-2.jpg")]
    assert digest(str(inputs / "tower.jpg")) == mine


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/etc/cron.d/tower.png", id="elsewhere"),
        pytest.param("../tower.png", id="above"),
        pytest.param("{out}_evil/tower.png", id="sibling of the same prefix"),
        pytest.param("~nosuchuser/tower.png", id="nobody's home"),
        pytest.param("{out}/" + "x" * 300 + "/tower.png", id="a folder's name that is too long"),
        pytest.param("\\\\host\\share\\tower.png", id="network share"),
        pytest.param("C:tower.png", id="drive"),
        pytest.param("nul.png", id="reserved name"),
        pytest.param("tower.png:stream", id="stream"),
        pytest.param("to\nwer.png", id="line break"),
        pytest.param("https://example.com/tower.png", id="URL"),
    ],
)
async def test_a_path_that_is_not_allowed_is_refused_before_anything_is_bought(
    path: str, out: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", {**PROMPT, "save_to": path.replace("{out}", str(out))})
    assert result.is_error
    assert told(result)["details"]["field"] == "save_to"
    assert emulator.calls == []
    assert names(out) == []


async def test_a_folder_that_leads_elsewhere_is_not_written_to_and_the_image_is_kept(
    inputs: Path, tmp_path: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("together")) as client:
        result = await client.call_tool("generate_image", {**PROMPT, "save_to": str(inputs / "link" / "tower.png")})
    assert names(tmp_path / "elsewhere") == ["input.png"]
    if not result.is_error:
        assert any("save_to" in warning for warning in told(result)["warnings"])


@pytest.mark.parametrize(("mode", "is_allowed"), [("legacy", True), ("auto", False)])
async def test_roots_that_the_client_declares_are_allowed_as_long_as_the_protocol_has_them(
    mode: str, is_allowed: bool, tmp_path: Path, emulate: Emulate, forge_on: OpenForge
) -> None:
    root = tmp_path / "project with spaces"

    async def roots(context: ClientRequestContext) -> ListRootsResult:
        return ListRootsResult(
            roots=[Root(uri=FileUrl(uri)) for uri in (root.as_uri(), "file:///", "file://fileserver/share")]
        )

    async with (
        forge_on(emulate("together")) as forge,
        Client(create_server(forge), mode=mode, list_roots_callback=roots) as client,
    ):
        inside = await client.call_tool("generate_image", {**PROMPT, "save_to": str(root / "tower.png")})
        outside = await client.call_tool("generate_image", {**PROMPT, "save_to": str(tmp_path / "tower.png")})
    assert inside.is_error is not is_allowed
    assert (names(root) == ["tower.jpg"]) is is_allowed
    # The file system's own root is none that anybody meant.
    assert outside.is_error


@pytest.mark.parametrize("kind", ["asset id", "asset uri", "job id", "data URL", "path", "relative path", "file URL"])
async def test_a_reference_reaches_the_provider_as_an_image_of_our_own_making(
    kind: str,
    inputs: Path,
    emulate: Emulate,
    client_on: OpenClient,
    picture: bytes,
    encoded: Callable[[bytes], str],
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        made = told(await client.call_tool("generate_image", PROMPT))
        reference = {
            "asset id": made["assets"][0]["asset_id"],
            "asset uri": uri(made["assets"][0]),
            "job id": made["job_id"],
            "data URL": f"data:image/png;base64,{encoded(picture)}",
            "path": str(inputs / "input.png"),
            "relative path": "input.png",
            "file URL": (inputs / "input.png").as_uri(),
        }[kind]
        asked = {**PROMPT, "model": "together/flux-2-dev", "input_images": [reference]}
        job = told(await client.call_tool("generate_image", asked))
    assert job["state"] == "completed"
    (sent,) = emulator.orders[-1].body["reference_images"]
    assert sent.startswith("data:image/")
    assert b"taken at home" in picture
    assert b"taken at home" not in base64.b64decode(sent.partition(",")[2])
    assert emulator.surprises == []


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("/etc/passwd", id="outside"),
        pytest.param("/proc/self/environ", id="this process"),
        pytest.param("{out}/../elsewhere/input.png", id="above"),
        pytest.param("{out}/key.pem", id="no image"),
        pytest.param("{out}/missing.png", id="missing"),
        pytest.param("{out}/link.png", id="link"),
        pytest.param("{out}/link/input.png", id="linked folder"),
        pytest.param("{out}", id="directory"),
        pytest.param("data:image/png;base64,AAAA", id="data URL of no image"),
        pytest.param("data:image/png,AAAA", id="data URL without base64"),
        pytest.param("http://example.com/x.png", id="plain http"),
        pytest.param("https://127.0.0.1/x.png", id="loopback"),
        pytest.param("https://localhost/x.png", id="a name of loopback"),
        pytest.param("https://10.0.0.1/x.png", id="private"),
        pytest.param("https://[::1]/x.png", id="IPv6 loopback"),
        pytest.param("https://2130706433/x.png", id="loopback as a number"),
        pytest.param("https://user@127.0.0.1/x.png", id="with a user"),
        pytest.param("https://127.0.0.1:8443/x.png", id="another port"),
        pytest.param("ftp://127.0.0.1/x.png", id="ftp"),
    ],
)
async def test_a_reference_that_may_not_be_used_is_refused_and_nothing_of_it_is_told(
    reference: str, inputs: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    asked = {**PROMPT, "model": "together/flux-2-dev", "input_images": [reference.replace("{out}", str(inputs))]}
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_image", asked)
    assert result.is_error
    assert told(result)["code"] == "invalid_request"
    assert "PRIVATE" not in str(told(result))
    assert emulator.calls == []


async def test_what_is_stored_is_what_the_provider_sent_and_decodes(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        (asset,) = told(await client.call_tool("generate_image", PROMPT))["assets"]
    assert is_named(asset, digest(asset["path"]))
    with Image.open(asset["path"]) as image:
        image.load()
        assert image.size == (asset["width"], asset["height"])
    assert f"/assets/{asset['asset_id'][:2]}/{asset['asset_id'][2:]}" in asset["path"]
    assert asset["path"].endswith(".jpg")
