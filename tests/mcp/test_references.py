"""Pictures that a caller has, named in every valid way and of every kind; masks that mark something, and those that do
not."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.answers import told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.media._pictures import HEIC, encoded, picture

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
PROMPT = {"prompt": "a lighthouse in a storm"}
TAKES_REFERENCES = {**PROMPT, "model": "together/flux-2-dev"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The allowed directory, with a picture whose name has a space."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "My Photo.png").write_bytes(encoded(picture(), "PNG"))
    return tmp_path / "out"


def sent(emulator: Emulator) -> Image.Image:
    """The one reference of the last order."""
    (url,) = emulator.orders[-1].body["reference_images"]
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


WAYS: dict[str, Callable[[str, str, Path], str]] = {
    "id in capitals": lambda asset, job, path: asset.upper(),
    "short id": lambda asset, job, path: asset[:12],
    "shortest id in capitals": lambda asset, job, path: asset[:8].upper(),
    "uri": lambda asset, job, path: f"imgforge://assets/{asset}",
    "uri in capitals": lambda asset, job, path: f"IMGFORGE://ASSETS/{asset.upper()}",
    "uri of a rendition": lambda asset, job, path: f"imgforge://assets/{asset}?width=512",
    "uri of a short id": lambda asset, job, path: f"imgforge://assets/{asset[:12]}",
    "our own URL": lambda asset, job, path: f"http://127.0.0.1:8765/v2/assets/{asset}",
    "our own URL with a question": lambda asset, job, path: f"HTTPS://images.example/v2/assets/{asset}?width=9",
    "our own URL with an extension": lambda asset, job, path: f"https://images.example/v2/assets/{asset}.jpg",
    "job in small letters": lambda asset, job, path: job.lower(),
    "job uri": lambda asset, job, path: f"imgforge://jobs/{job}",
    "job uri in capitals": lambda asset, job, path: f"IMGFORGE://JOBS/{job}",
    "first of a job": lambda asset, job, path: f"{job}#1",
    "path in the store": lambda asset, job, path: str(path),
    "file URI of the store": lambda asset, job, path: path.as_uri(),
    "its bytes": lambda asset, job, path: "DATA:;BASE64," + base64.b64encode(path.read_bytes()).decode(),
    "spaces around": lambda asset, job, path: f"  {asset}\n",
    "quotes around": lambda asset, job, path: f'"{asset}"',
    "its kind in front": lambda asset, job, path: f"asset:{asset[:12]}",
    "its hash in front": lambda asset, job, path: f"sha256:{asset}",
    "job in front": lambda asset, job, path: f"job:{job}",
    "as a text says it": lambda asset, job, path: f"asset id: {asset[:12]}",
    "job as a text says it": lambda asset, job, path: f"job_id: {job}",
    "cut short": lambda asset, job, path: f"{asset[:12]}…",
    "cut short with dots": lambda asset, job, path: f"{asset[:12]}...",
    "the end of a sentence": lambda asset, job, path: f"{asset[:12]}.",
    "a link": lambda asset, job, path: f"[the fox](imgforge://assets/{asset})",
    "our own URL without its host": lambda asset, job, path: f"/v2/assets/{asset}",
    "a space before the number": lambda asset, job, path: f"{job} #1",
}


@pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in WAYS.items()])
async def test_a_picture_of_ours_is_itself_however_it_is_named(
    way: Callable[[str, str, Path], str], emulate: Emulate, client_on: OpenClient
) -> None:
    async with client_on(emulate("together")) as client:
        made = told(await client.call_tool("generate_image", PROMPT))
        asset = made["assets"][0]
        path = Path(asset["path"])
        named = way(path.parent.name + path.stem, made["job_id"], path)
        job = told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [named]}))
        again = told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [named] * 2}))
    assert (job["state"], again["state"]) == ("completed", "completed")


async def test_a_copy_of_a_picture_of_ours_is_that_picture(
    folder: Path, emulate: Emulate, client_on: OpenClient, home: Path
) -> None:
    async with client_on(emulate("together")) as client:
        made = told(await client.call_tool("generate_image", {**PROMPT, "save_to": "copy"}))
        count = stored(home)
        asked = {**TAKES_REFERENCES, "input_images": [made["saved_to"][0]], "save_to": "again"}
        told(await client.call_tool("generate_image", asked))
    # The copy was not encoded again into a second picture, for which nothing would be known.
    assert stored(home) == count + 1


async def test_the_second_picture_of_a_job_can_be_named(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        made = told(await client.call_tool("generate_image", {**PROMPT, "n": 2}))
        asked = {**TAKES_REFERENCES, "input_images": [f"{made['job_id']}#2"]}
        told(await client.call_tool("generate_image", asked))
        third = told(
            await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [f"{made['job_id']}#3"]})
        )
    first, second = (distance(sent(emulator), asset["path"]) for asset in made["assets"])
    assert second < 3 < first
    assert third["code"] == "invalid_request"
    assert "has 2 images; there is no #3" in third["error"]


FILES: dict[str, Callable[[Path], str]] = {
    "path": lambda path: str(path),
    "relative": lambda path: path.name,
    "relative with the directory": lambda path: f"{path.parent.name}/{path.name}",
    "file URI": lambda path: path.as_uri(),
    "in quotes": lambda path: f"'{path}'",
    "in a chat's signs": lambda path: f"`{path}`",
    "in round quotes": lambda path: f"“{path}”",
    "as chats name files": lambda path: f"@{path}",
    "a link in markdown": lambda path: f"[My Photo]({path})",
    "a picture in markdown": lambda path: f"![My Photo](<{path}>)",
    "escaped as for a URL": lambda path: path.name.replace(" ", "%20"),
    "escaped as for a shell": lambda path: str(path).replace(" ", "\\ "),
    "file URI of this machine": lambda path: f"file://127.0.0.1{quote(str(path))}",
    "file URI of localhost": lambda path: f"file://localhost{quote(str(path))}",
    "file URI in capitals": lambda path: f"FILE://{quote(str(path))}",
    "file URI with one slash": lambda path: f"file:{quote(str(path))}",
    "file URI with plain spaces": lambda path: f"file://{path}",
    "data URL": lambda path: f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}",
    "data URL in capitals": lambda path: f"DATA:IMAGE/PNG;BASE64,{base64.b64encode(path.read_bytes()).decode()}",
    "data URL with parameters": lambda path: (
        f"data:image/png;name=My%20Photo.png;charset=utf-8;base64,{base64.b64encode(path.read_bytes()).decode()}"
    ),
    "data URL without padding, URL-safe": lambda path: (
        f"data:;base64,{base64.urlsafe_b64encode(path.read_bytes()).decode().rstrip('=')}"
    ),
    "data URL with escaped signs": lambda path: (
        f"data:;base64,{quote(base64.b64encode(path.read_bytes()).decode(), safe='')}"
    ),
    "data URL in lines": lambda path: f"data:;base64,{base64.encodebytes(path.read_bytes()).decode()}",
    "data URL of percents": lambda path: f"data:image/png,{quote(path.read_bytes())}",
}


@pytest.mark.parametrize("way", [pytest.param(way, id=name) for name, way in FILES.items()])
async def test_a_file_is_read_however_it_is_named(
    way: Callable[[Path], str], folder: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        asked = {**TAKES_REFERENCES, "input_images": [way(folder / "My Photo.png")]}
        result = await client.call_tool("generate_image", asked)
    assert not result.is_error, told(result)
    assert sent(emulator).size == (96, 64)


async def test_a_file_below_a_folder_with_a_space_is_read_by_its_uri(
    folder: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    path = folder / "My Photos" / "fox.png"
    path.parent.mkdir()
    path.write_bytes(encoded(picture(size=(80, 40)), "PNG"))
    async with client_on(emulator) as client:
        told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [path.as_uri()]}))
    assert sent(emulator).size == (80, 40)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        pytest.param("Screenshot at 9.41\u202fAM.png", "Screenshot at 9.41 AM.png", id="a narrow space"),
        pytest.param("a\u00a0fox.png", "a fox.png", id="a space that does not break"),
        pytest.param("Fo\u0301to.png", "F\u00f3to.png", id="an accent taken apart"),
        pytest.param("F\u00f3to.png", "Fo\u0301to.png", id="an accent put together"),
        pytest.param("Mia’s fox.png", "Mia's fox.png", id="a round apostrophe"),
        pytest.param("IMG_0001.JPG", "IMG_0001.jpg", id="an extension in capitals"),
    ],
)
async def test_a_file_is_found_by_a_name_that_looks_the_same(
    name: str, asked: str, folder: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    (folder / name).write_bytes(encoded(picture(size=(80, 40)), "PNG"))
    async with client_on(emulator) as client:
        told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [asked]}))
        (folder / asked.swapcase()).write_bytes(encoded(picture(), "PNG"))
        two = told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [asked]}))
    assert sent(emulator).size == (80, 40)
    assert two["code"] == "invalid_request", "of two that look the same, neither is meant for certain"


@pytest.mark.parametrize(
    ("named", "words"),
    [
        pytest.param("file://fileserver/share/a.png", "another machine", id="another machine"),
        pytest.param("ftp://example.com/a.png", "ftp:// is not read", id="another scheme"),
        pytest.param("data:image/png;base64", "no comma", id="no data"),
        pytest.param("data:image/png;base64,%%%%", "not base64", id="no base64"),
        pytest.param("~nosuchuser/a.png", "no such user", id="nobody's home"),
        pytest.param("deadbeef01", "No image|no image", id="an id that is none"),
        pytest.param("file:///etc/%2e%2e/etc/passwd", "'..'", id="escaped dots"),
        pytest.param("file:///etc/passwd%00.png", "no file name should have", id="escaped NUL"),
    ],
)
async def test_what_cannot_be_read_says_why_and_in_which_argument(
    named: str, words: str, folder: Path, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    own = {"prompt": "make it blue", "image": str(folder / "My Photo.png")}
    calls: list[tuple[str, dict[str, object], str]] = [
        ("generate_image", {**PROMPT, "input_images": [named]}, "input_images"),
        ("edit_image", {**own, "image": named}, "image"),
        ("edit_image", {**own, "reference_images": [named]}, "reference_images"),
        ("edit_image", {**own, "mask": named}, "mask"),
    ]
    async with client_on(emulator) as client:
        for tool, asked, field in calls:
            refused = told(await client.call_tool(tool, asked))
            assert refused["details"]["field"] == field, refused
            assert any(part in refused["error"] for part in words.split("|")), refused
    assert emulator.calls == []


def stored(home: Path) -> int:
    return len(list(home.glob("assets/*/*")))


def distance(one: Image.Image, path: str) -> float:
    """How far apart two pictures are, in levels of a channel."""
    with Image.open(path) as other:
        return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


# Masks ----------------------------------------------------------------------------------------------------------------


def mask(mode: str) -> Image.Image:
    """The left half is to be changed."""
    grey = Image.new("L", (96, 64), 0)
    grey.paste(255, (0, 0, 48, 64))
    if mode == "I;16":
        deep = Image.new("I;16", (96, 64), 0)
        deep.paste(65_535, (0, 0, 48, 64))
        return deep
    if mode == "hole":
        holed = Image.new("RGBA", (96, 64), "white")
        holed.putalpha(grey.point(lambda value: 255 - value))
        return holed
    if mode in ("red", "blue"):
        painted = Image.new("RGB", (96, 64))
        painted.paste(mode, (0, 0, 48, 64))
        return painted
    if mode in ("numbers", "deep numbers"):
        return grey.point(lambda value: value and 1) if mode == "numbers" else deep_of(grey)
    return grey.convert(mode)


def deep_of(grey: Image.Image) -> Image.Image:
    """Eight bits' levels in sixteen, as they are."""
    made = Image.new("I;16", grey.size, 0)
    made.paste(255, (0, 0, grey.width // 2, grey.height))
    return made


@pytest.mark.parametrize(
    "mode",
    [
        *("L", "1", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "hole", "F", "I"),
        *("red", "blue", "numbers", "deep numbers"),
    ],
)
async def test_a_mask_of_any_kind_marks_the_same_place(mode: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("openai")
    kind = "TIFF" if mode in ("CMYK", "F", "I") else "PNG"
    async with client_on(emulator) as client:
        asked = {
            "prompt": "a door",
            "image": url(picture()),
            "mask": url(mask(mode), kind),
            "model": "openai/gpt-image-2",
        }
        result = await client.call_tool("edit_image", asked)
    assert not result.is_error, told(result)
    (upload,) = emulator.submits[0].uploads["mask"]
    alpha = Image.open(io.BytesIO(upload.data)).getchannel("A")
    assert alpha.size == (96, 64)
    # OpenAI changes what is transparent.
    assert (alpha.getpixel((10, 30)), alpha.getpixel((80, 30))) == (0, 255)


@pytest.mark.parametrize(
    ("shade", "words"), [("black", "marks nothing: paint"), ("white", "marks the whole image: leave the mask out")]
)
@pytest.mark.parametrize("mode", ["L", "RGBA", "1"])
async def test_a_mask_that_marks_nothing_or_everything_is_refused_before_anything_is_bought(
    mode: str, shade: str, words: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    async with client_on(emulator) as client:
        asked = {
            "prompt": "a door",
            "image": url(picture()),
            "mask": url(Image.new("L", (96, 64), shade).convert(mode)),
        }
        refused = told(await client.call_tool("edit_image", asked))
    assert refused["code"] == "invalid_request"
    assert refused["details"]["field"] == "mask"
    assert words in refused["error"]
    assert emulator.calls == []


def url(image: Image.Image, kind: str = "PNG") -> str:
    return f"data:;base64,{base64.b64encode(encoded(image, kind)).decode()}"


# Kinds ----------------------------------------------------------------------------------------------------------------


async def test_a_telephones_photograph_reaches_the_provider(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        named = f"data:image/heic;base64,{base64.b64encode(HEIC).decode()}"
        told(await client.call_tool("generate_image", {**TAKES_REFERENCES, "input_images": [named]}))
    red, green, blue = sent(emulator).convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    assert (red > 200, 100 < green < 200, blue < 90) == (True, True, True)
