"""Pictures changed at every provider that can: what was made before, what a caller brings along, masks, strength."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import ModelSpec
from tests import emulators
from tests.answers import ended, pictures, told, uri
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.providers._subject import TODAY, usual_model

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
WORDS = "taken at home"
SHAPE = (96, 64)
INSTRUCTION = "make the sky green"


def able(name: str, capability: str) -> list[ModelSpec]:
    """The provider's live models that can do it, in the order of the catalogue."""
    models = load_catalog().of_provider(name)
    return [model for model in models if capability in model.capabilities and not model.is_retired(TODAY)]


EDITORS = [name for name in emulators.names() if able(name, "edit")]
PAINTERS = [name for name in emulators.names() if able(name, "inpaint")]
MASKLESS = [name for name in EDITORS if any("inpaint" not in model.capabilities for model in able(name, "edit"))]
STRONG = [name for name in EDITORS if any("strength" in model.accepts for model in able(name, "edit"))]
WEAK = [name for name in EDITORS if name not in STRONG]
MANY = [name for name in EDITORS if max(model.max_inputs for model in able(name, "edit")) > 1]


def sent_images(emulator: Emulator) -> list[bytes]:
    """Every image in the bodies of the calls that arrived, as it came, each once."""
    found = [data for call in emulator.calls for data in (*_files(call.uploads), *_encoded(call.json))]
    # A form may hold images as text.
    found += [data for call in emulator.calls if call.form for data in _encoded(call.fields)]
    return list(dict.fromkeys(data for data in found if _is_image(data)))


def _files(uploads: Any) -> Iterator[bytes]:
    for files in uploads.values():
        yield from (file.data for file in files)


def _encoded(value: Any) -> Iterator[bytes]:
    """Whatever is base64, bare or as a data URL, or a list of bytes, anywhere in decoded JSON."""
    match value:
        case [int(), *_]:
            yield bytes(value)
        case str() if len(value) > 60:
            try:
                yield base64.b64decode(value.partition(";base64,")[2] or value, validate=True)
            except ValueError:
                return
        case dict():
            for item in value.values():
                yield from _encoded(item)
        case list():
            for item in value:
                yield from _encoded(item)


def _is_image(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True


def stored(job: dict[str, Any]) -> bytes:
    """The bytes of a job's first picture."""
    return Path(job["assets"][0]["path"]).read_bytes()


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


def drawn(size: tuple[int, int] = SHAPE, kind: str = "PNG", colour: str = "teal") -> bytes:
    """A picture with words in its metadata."""
    words, buffer = PngInfo(), io.BytesIO()
    words.add_text("Comment", WORDS)
    exif = Image.Exif()
    exif[0x010E] = WORDS
    exif[0x9286] = WORDS
    image = Image.new("RGB", size, colour)
    extra: dict[str, Any] = {"pnginfo": words} if kind == "PNG" else {"comment": WORDS.encode()}
    image.save(buffer, kind, exif=exif, **extra)
    return buffer.getvalue()


def half() -> Image.Image:
    """A mask that marks the left half."""
    mask = Image.new("L", (48, 32), "black")
    mask.paste(255, (0, 0, 24, 32))
    return mask


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


async def made(client: Client, provider: str) -> dict[str, Any]:
    """A picture to change."""
    asked = {"prompt": "a lake", "model": usual_model(provider).name_in_full}
    job = told(await client.call_tool("generate_image", asked))
    assert job["state"] == "completed", job
    return job


async def edited(client: Client, **asked: Any) -> dict[str, Any]:
    result = await client.call_tool("edit_image", {"prompt": INSTRUCTION, **asked})
    job = told(result)
    assert not result.is_error, job
    assert job["state"] == "completed", job
    return job


# What was made before -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITORS)
async def test_the_picture_of_a_job_is_changed(name: str, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate(name)
    async with client_on(emulator) as client:
        before = await made(client, name)
        emulator.log.forget()
        job = await edited(client, image=before["job_id"], provider=name)
    (given,) = sent_images(emulator)
    assert given != stored(before)
    assert len(emulator.submits) == len(pictures(job)) == 1
    assert emulator.orders[0].prompt.endswith(INSTRUCTION)
    assert emulator.surprises == []
    assert job["provider"] == name


@pytest.mark.parametrize("name", EDITORS)
async def test_a_picture_of_one_provider_is_changed_by_another_after_a_restart(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    maker, emulator = emulate("nvidia"), emulate(name)
    async with client_on(maker) as client:
        before = await made(client, "nvidia")
    async with client_on(maker, emulator) as client:
        job = await edited(client, image=before["job_id"], provider=name)
    assert job["provider"] == name
    assert len(sent_images(emulator)) == len(emulator.submits) == len(pictures(job)) == 1
    assert len(maker.submits) == 1
    assert emulator.surprises == []


async def test_an_instruction_goes_without_boosters_unless_they_are_asked_for(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    async with client_on(emulator) as client:
        plain = await edited(client, image=data_url(drawn()), quality_tier="premium")
        lifted = await edited(client, image=data_url(drawn()), quality_tier="premium", enhance=True)
        plain, lifted = await ended(client, plain["job_id"]), await ended(client, lifted["job_id"])
    assert [order.prompt == INSTRUCTION for order in emulator.orders] == [True, False]
    assert plain["final_prompt"] == plain["original_prompt"] == INSTRUCTION
    assert "Nothing added" in plain["enhancement_logic"]
    assert lifted["final_prompt"].startswith(f"{INSTRUCTION}, ")


# What a caller brings along -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize("name", EDITORS)
async def test_no_metadata_of_a_callers_picture_leaves_the_machine(
    name: str, kind: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    original = drawn((640, 448), kind.upper())
    assert WORDS.encode() in original
    async with client_on(emulator) as client:
        await edited(client, image=data_url(original, kind), provider=name)
    (given,) = sent_images(emulator)
    assert given != original
    assert WORDS.encode() not in given
    assert size_of(given)[0] / size_of(given)[1] == pytest.approx(640 / 448, rel=0.01)
    assert emulator.surprises == []


@pytest.mark.parametrize("way", ["asset id", "asset uri", "job uri", "data URL", "file", "file URL"])
async def test_a_picture_may_be_named_in_many_ways(
    way: str, emulate: Emulate, client_on: OpenClient, tmp_path: Path
) -> None:
    emulator = emulate("openai")
    path = tmp_path / "out" / "mine.png"
    path.parent.mkdir()
    path.write_bytes(drawn())
    async with client_on(emulator) as client:
        before = await made(client, "openai")
        asset = before["assets"][0]
        named = {
            "asset id": asset["asset_id"],
            "asset uri": uri(asset),
            "job uri": f"imgforge://jobs/{before['job_id']}",
            "data URL": data_url(drawn()),
            "file": str(path),
            "file URL": path.as_uri(),
        }
        emulator.log.forget()
        await edited(client, image=named[way], provider="openai")
    (given,) = sent_images(emulator)
    is_stored = way in ("asset id", "asset uri", "job uri")
    assert size_of(given) == ((asset["width"], asset["height"]) if is_stored else SHAPE)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        pytest.param("https://127.0.0.1/cat.png", "invalid_request", id="this machine"),
        pytest.param("https://10.0.0.8/cat.png", "invalid_request", id="private network"),
        pytest.param("https://169.254.169.254/latest/meta-data", "invalid_request", id="metadata service"),
        pytest.param("https://[::1]/cat.png", "invalid_request", id="this machine by IPv6"),
        pytest.param("http://example.com/cat.png", "invalid_request", id="not https"),
        pytest.param("/etc/passwd", "invalid_request", id="a file elsewhere"),
        pytest.param("data:image/png;base64,aGVsbG8=", "invalid_request", id="no image"),
        pytest.param("0" * 64, "not_found", id="unknown asset"),
        pytest.param("01ARZ3NDEKTSV4RRFFQ69G5FAV", "not_found", id="unknown job"),
    ],
)
async def test_a_picture_that_is_not_there_or_not_allowed_is_refused_before_anything_is_bought(
    image: str, code: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("openai")
    async with client_on(emulator) as client:
        result = await client.call_tool("edit_image", {"prompt": INSTRUCTION, "image": image})
        jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert result.is_error
    assert told(result)["code"] == code
    assert emulator.calls == []
    assert jobs == []


async def test_a_job_without_a_picture_cannot_be_changed(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("openai")
    emulator.fault("400")
    async with client_on(emulator) as client:
        await client.call_tool("generate_image", {"prompt": "a lake", "provider": "openai"})
        failed = told(await client.call_tool("check_job", {"limit": 1}))["jobs"][0]
        emulator.log.forget()
        asked = {"prompt": INSTRUCTION, "image": failed["job_id"]}
        refused = told(await client.call_tool("edit_image", asked))
    assert refused["code"] == "invalid_request"
    assert "failed" in refused["error"]
    assert emulator.calls == []


# By what a model can do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MANY)
async def test_several_references_arrive_in_their_order_up_to_the_models_limit(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = max(able(name, "edit"), key=lambda model: model.max_inputs)
    number = min(model.max_inputs, 14)
    urls = [data_url(drawn((90 + step, 64))) for step in range(number)]
    async with client_on(emulator) as client:
        await edited(client, image=urls[0], reference_images=urls[1:], model=model.name_in_full)
    assert [size_of(data)[0] for data in sent_images(emulator)] == [90 + step for step in range(number)]
    assert len(emulator.submits) == 1
    assert emulator.surprises == []


@pytest.mark.parametrize("name", EDITORS)
async def test_one_reference_too_many_is_refused_with_those_that_could(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = min(able(name, "edit"), key=lambda model: model.max_inputs)
    number = model.max_inputs
    urls = [data_url(drawn((90 + step, 64))) for step in range(number)]
    asked = {"prompt": INSTRUCTION, "model": model.name_in_full, "image": data_url(drawn()), "reference_images": urls}
    async with client_on(emulator) as client:
        refused = told(await client.call_tool("edit_image", asked))
    if number < 14:
        assert refused["code"] == "unsupported"
        could = {other.slug for other in able(name, "edit") if other.max_inputs > number}
        assert set(refused["details"]["able"]) >= could
        assert model.slug not in refused["details"]["able"]
    else:
        assert refused["code"] == "invalid_request"
    assert emulator.calls == []


@pytest.mark.parametrize("name", PAINTERS)
async def test_a_mask_of_the_pictures_size_marks_what_may_change(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = able(name, "inpaint")[0]
    mask = half()
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    async with client_on(emulator) as client:
        job = await edited(client, image=data_url(drawn()), mask=data_url(buffer.getvalue()), model=model.name_in_full)
    assert [size_of(data) for data in sent_images(emulator)] == [SHAPE, SHAPE]
    (given,) = [data for data in sent_images(emulator) if len(Image.open(io.BytesIO(data)).getcolors() or ()) == 2]
    left, right = (Image.open(io.BytesIO(given)).convert("RGBA").getpixel((x, 32)) for x in (8, 88))
    assert left != right
    assert len(emulator.submits) == len(pictures(job)) == 1
    assert emulator.surprises == []


@pytest.mark.parametrize("name", MASKLESS)
async def test_a_mask_for_a_model_that_has_none_is_refused_with_those_that_have(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator, other = emulate(name), emulate("recraft" if name != "recraft" else "openai")
    model = next(model for model in able(name, "edit") if "inpaint" not in model.capabilities)
    buffer = io.BytesIO()
    half().save(buffer, "PNG")
    mask = data_url(buffer.getvalue())
    asked = {"prompt": INSTRUCTION, "image": data_url(drawn()), "mask": mask, "model": model.name_in_full}
    async with client_on(emulator, other) as client:
        refused = told(await client.call_tool("edit_image", asked))
    assert (refused["code"], refused["status"]) == ("unsupported", 422)
    assert {model.slug for model in able(other.name, "inpaint")} <= set(refused["details"]["able"])
    assert (emulator.calls, other.calls) == ([], [])


@pytest.mark.parametrize("strength", [0.25, 0.8])
@pytest.mark.parametrize("name", STRONG)
async def test_strength_says_how_far_from_the_picture(
    name: str, strength: float, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate(name)
    model = next(model for model in able(name, "edit") if "strength" in model.accepts)
    async with client_on(emulator) as client:
        job = await edited(client, image=data_url(drawn()), model=model.name_in_full, strength=strength)
    sent = str(emulator.orders[0].body)
    # Ideogram counts the other way round, and in per cent.
    assert (f"'image_weight': '{round(100 * (1 - strength))}'" if name == "ideogram" else str(strength)) in sent
    assert not any("strength" in warning for warning in job.get("warnings", []))
    assert emulator.surprises == []


@pytest.mark.parametrize("name", WEAK)
async def test_strength_for_a_model_that_has_none_is_refused_with_those_that_have(
    name: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator, second = emulate(name), emulate("recraft")
    asked = {"prompt": INSTRUCTION, "image": data_url(drawn()), "strength": 0.3}
    async with client_on(emulator, second) as client:
        refused = told(await client.call_tool("edit_image", {**asked, "provider": name}))
        routed = await edited(client, **asked)
    assert refused["code"] == "unsupported"
    assert refused["details"]["able"] == sorted(model.slug for model in able("recraft", "edit"))
    assert routed["provider"] == "recraft"
    assert emulator.calls == []


async def test_a_picture_larger_than_the_model_takes_is_scaled_down_with_a_warning(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("cloudflare")
    asked = {"model": "cloudflare/flux-2-dev", "image": data_url(drawn((1024, 512)))}
    async with client_on(emulator) as client:
        large = await edited(client, **asked)
        small = await edited(client, **{**asked, "image": data_url(drawn((511, 256)))})
    assert [size_of(data) for data in sent_images(emulator)] == [(511, 256), (511, 256)]
    assert any("scaled down" in warning and "511" in warning for warning in large["warnings"])
    assert "warnings" not in small
    assert emulator.surprises == []
