"""Characters and styles by name: kept once, sent to every model that takes pictures, as many as it takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imgforge_mcp.base import kindly
from imgforge_mcp.base.errors import InvalidRequest, StorageError
from imgforge_mcp.base.types import Caller, ImageRequest
from imgforge_mcp.storage.registry.sql.references import SqlReferences
from tests.answers import told
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
MIA = "a girl of ten with red hair"
COLOURS = ("red", "green", "blue", "teal", "navy", "plum", "pink", "gold", "gray", "brown")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Ten pictures, each of another colour, in the allowed directory."""
    (tmp_path / "out").mkdir()
    paths = [tmp_path / "out" / f"{colour}.png" for colour in COLOURS]
    for path in paths:
        Image.new("RGB", (96, 64), path.stem).save(path)
    return paths


@pytest.fixture
def keep(forge_on: OpenForge) -> Callable[..., Any]:
    """Keep pictures under a name, as the command line does."""

    async def act(name: str, pictures: list[Path], words: str | None = None, caller: Caller | None = None) -> Any:
        async with forge_on() as forge:
            named = [str(path) for path in pictures]
            return await forge.keep_reference(name, named, words, caller or forge.caller())

    return act


async def test_a_kept_name_is_drawn_by_with_its_pictures_and_its_words(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("Mia", files[:3], MIA)
    emulator = emulate("together")
    async with client_on(emulator) as client:
        asked = {"prompt": "mia on a beach", "reference": ["mia"], "model": "together/flux-2-dev"}
        job = told(await client.call_tool("generate_image", asked))
        whole = told(await client.call_tool("check_job", {"job_id": job["job_id"], "detail": True}))
    (order,) = emulator.orders
    assert len(order.body["reference_images"]) == 3
    assert order.prompt.startswith("mia on a beach")
    assert MIA in order.prompt
    assert job["request"]["reference"] == ["mia"]
    assert len(job["request"]["inputs"]) == 3
    assert MIA in whole["enhancement_logic"]
    assert job["assets"][0]["width"] == job["assets"][0]["height"], "its references say nothing of the picture's shape"


async def test_a_model_is_sent_as_many_as_it_takes_and_says_so(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files)
    emulator = emulate("together")
    async with client_on(emulator) as client:
        many = {"prompt": "mia on a beach", "reference": ["mia"], "model": "together/flux-2-dev"}
        told(await client.call_tool("generate_image", many))
        job = told(await client.call_tool("generate_image", {**many, "model": "together/flux-kontext"}))
    assert len(emulator.orders[0].body["reference_images"]) == 8
    assert "image_url" in emulator.orders[1].body
    assert any("takes 1 input images; the first ones were used" in warning for warning in job["warnings"])


async def test_two_names_take_turns_so_that_neither_is_left_out(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:5])
    await keep("ink", files[5:])
    emulator = emulate("together")
    async with client_on(emulator) as client:
        asked = {"prompt": "mia in ink", "reference": ["mia", "ink"], "model": "together/flux-2-dev"}
        job = told(await client.call_tool("generate_image", asked))
        single = {**asked, "model": "together/flux-kontext"}
        refused = told(await client.call_tool("generate_image", single))
    inputs = job["request"]["inputs"]
    async with client_on(emulator) as client:
        alone = told(await client.call_tool("generate_image", {**asked, "reference": ["ink"]}))
    assert inputs[1] == alone["request"]["inputs"][0]
    assert (refused["code"], refused["details"]["field"]) == ("unsupported", "model")
    assert "mia and ink" in refused["error"]


async def test_a_model_that_takes_no_pictures_is_passed_by_and_one_that_was_named_says_so(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2])
    emulator = emulate("together")
    async with client_on(emulator) as client:
        asked = {"prompt": "mia on a beach", "reference": ["mia"], "quality_tier": "draft"}
        refused = told(await client.call_tool("generate_image", {**asked, "model": "together/flux-schnell"}))
        job = told(await client.call_tool("generate_image", {**asked, "quality_tier": "premium"}))
    assert (refused["code"], refused["details"]["field"]) == ("unsupported", "model")
    assert "flux-schnell cannot go by reference pictures, as mia needs" in refused["error"]
    assert "flux-2-dev" in refused["details"]["able"]
    assert job["model"] == "flux-2-dev"
    assert len(emulator.orders) == 1


async def test_the_embedded_engine_draws_by_no_reference_and_says_what_would(
    client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2])
    async with client_on() as client:
        refused = told(await client.call_tool("generate_image", {"prompt": "a lake", "reference": ["mia"]}))
    assert refused["code"] == "unsupported"
    assert "go by reference pictures, as mia needs" in refused["error"]


@pytest.mark.parametrize("field", ["reference", "input_images"])
async def test_a_wrong_name_is_one_error_with_the_nearest(
    field: str, emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:1])
    await keep("otto", files[1:2])
    emulator = emulate("together")
    async with client_on(emulator) as client:
        refused = told(await client.call_tool("generate_image", {"prompt": "mai on a beach", field: ["mai"]}))
    assert refused["code"] == "not_found"
    assert refused["error"] == "There is no kept reference 'mai'; the nearest is mia."
    assert refused["details"] | {"nearest": ["mia"], "field": field} == refused["details"]
    assert emulator.orders == []


async def test_before_anything_is_kept_the_error_says_how_to(emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        refused = told(await client.call_tool("generate_image", {"prompt": "mia", "reference": ["mia"]}))
    assert "references add NAME PICTURE" in refused["error"]


async def test_a_name_stands_for_its_picture_wherever_a_picture_is_named(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2])
    emulator = emulate("together")
    async with client_on(emulator) as client:
        listed = {"prompt": "a beach", "input_images": ["Mia", str(files[5])], "model": "together/flux-2-dev"}
        job = told(await client.call_tool("generate_image", listed))
        edit = {"image": "mia", "prompt": "add a hat", "model": "together/flux-kontext"}
        edited = told(await client.call_tool("edit_image", edit))
        both = {"image": str(files[5]), "reference_images": ["mia"], "prompt": "put mia here"}
        placed = told(await client.call_tool("edit_image", {**both, "model": "together/flux-2-dev"}))
        turned = told(await client.call_tool("transform_image", {"image": "mia", "operation": "resize", "width": 32}))
        saved = told(await client.call_tool("save_image", {"image": "mia", "path": "kept.png"}))
    assert len(job["request"]["inputs"]) == 3
    assert job["request"]["reference"] == ["mia"]
    assert len(edited["request"]["inputs"]) == 1
    assert len(placed["request"]["inputs"]) == 3
    assert placed["request"]["reference"] == ["mia"]
    assert turned["assets"][0]["width"] == 32
    assert saved["path"].endswith("kept.png")


async def test_like_a_job_takes_its_reference_over_or_another_in_its_place(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:3], MIA)
    await keep("otto", files[3:5], "an old sailor")
    emulator = emulate("together")
    async with client_on(emulator) as client:
        asked = {"prompt": "at the beach", "reference": ["mia"], "model": "together/flux-2-dev"}
        first = told(await client.call_tool("generate_image", {**asked, "input_images": [str(files[9])]}))
        same = told(await client.call_tool("generate_image", {"like": first["job_id"], "prompt": "in the hills"}))
        other = told(await client.call_tool("generate_image", {"like": first["job_id"], "reference": ["otto"]}))
        fewer = told(
            await client.call_tool("generate_image", {"like": first["job_id"], "input_images": [str(files[8])]})
        )
    assert same["request"]["inputs"] == first["request"]["inputs"]
    assert MIA in emulator.orders[1].prompt
    assert other["request"]["inputs"][:1] == first["request"]["inputs"][:1]
    assert (len(first["request"]["inputs"]), len(other["request"]["inputs"])) == (4, 3)
    assert "old sailor" in emulator.orders[2].prompt
    assert MIA not in emulator.orders[2].prompt
    assert fewer["request"]["inputs"][1:] == first["request"]["inputs"][1:]
    assert fewer["request"]["inputs"][0] != first["request"]["inputs"][0]


async def test_a_key_stands_for_the_pictures_that_a_name_had(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:1])
    emulator = emulate("together")
    asked = {"prompt": "mia", "reference": ["mia"], "model": "together/flux-2-dev", "idempotency_key": "m1"}
    async with client_on(emulator) as client:
        first = told(await client.call_tool("generate_image", asked))
        again = told(await client.call_tool("generate_image", asked))
    await keep("mia", files[1:2])
    async with client_on(emulator) as client:
        changed = told(await client.call_tool("generate_image", asked))
    assert again["job_id"] == first["job_id"]
    assert changed["code"] == "idempotency_conflict"
    assert len(emulator.orders) == 1


async def test_a_request_that_is_made_again_from_its_record_is_the_same(
    emulate: Emulate, forge_on: OpenForge, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2], MIA)
    async with forge_on(emulate("together")) as forge:
        asked = ImageRequest(prompt="mia", reference=["mia"], model="together/flux-2-dev")
        job = await forge.generate(asked, forge.caller())
        said = job.request.model_dump(mode="json", exclude_none=True)
        again = await forge.generate(kindly.read(ImageRequest, said), forge.caller())
    assert again.request.fingerprint() == job.request.fingerprint()


async def test_what_one_tenant_keeps_no_other_has(
    forge_on: OpenForge, emulate: Emulate, keep: Callable[..., Any], files: list[Path]
) -> None:
    emulator = emulate("together")
    async with forge_on(emulator) as forge:
        directories = forge.caller().directories
        ada, bob = (Caller(tenant=name, directories=directories) for name in ("ada", "bob"))
    await keep("mia", files[:1], None, ada)
    await keep("mia", files[1:2], None, bob)
    async with forge_on(emulator) as forge:
        mine = [await forge.kept_references(caller) for caller in (ada, bob, forge.caller())]
        await forge.drop_reference("mia", ada)
        left = [await forge.kept_references(caller) for caller in (ada, bob)]
    assert [[kept.name for kept in each] for each in mine] == [["mia"], ["mia"], []]
    assert mine[0][0].pictures != mine[1][0].pictures
    assert [len(each) for each in left] == [0, 1]


async def test_its_pictures_are_neither_evicted_nor_forgotten_nor_deleted_while_they_are_kept(
    forge_on: OpenForge, environment: dict[str, str], clock: Any, keep: Callable[..., Any], files: list[Path]
) -> None:
    kept = await keep("mia", files[:2])
    environment |= {"IMGFORGE_CACHE_MAX_BYTES": "1", "IMGFORGE_KEEP_DAYS": "1"}
    await clock.sleep(30 * 86_400)
    async with forge_on() as forge:
        gone = await forge.evict()
        for asset in kept.pictures:
            await forge.asset(asset.asset_id)
        with pytest.raises(InvalidRequest, match="kept reference mia has this image"):
            await forge.delete_asset(kept.pictures[0].asset_id, forge.caller())
        await forge.drop_reference("mia", forge.caller())
        await clock.sleep(2 * 3600)
        gone_then = await forge.evict()
    assert (gone, gone_then) == (0, 2)


@pytest.mark.parametrize("name", ["mia.png", "a/b", "", "deadbeef", "01KAXB7GVJ8Q3W5N9T2D4E6F8H", "7of9", "m" * 65])
async def test_what_could_mean_something_else_is_no_name(
    name: str, forge_on: OpenForge, keep: Callable[..., Any], files: list[Path]
) -> None:
    with pytest.raises(InvalidRequest, match="such as mia"):
        await keep(name, files[:1])


async def test_more_pictures_join_and_words_are_replaced(keep: Callable[..., Any], files: list[Path]) -> None:
    await keep("mia", files[:2], "a girl")
    both = await keep("mia", [files[1], files[2]])
    worded = await keep("mia", [], "a girl of ten")
    assert (len(both.pictures), both.words) == (3, "a girl")
    assert (len(worded.pictures), worded.words) == (3, "a girl of ten")
    more = [files[0].with_name(f"more-{number}.png") for number in range(12)]
    for number, path in enumerate(more):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    with pytest.raises(InvalidRequest, match="12 are the most"):
        await keep("mia", more)


STYLED = {"prompt": "on a beach", "reference": ["mia"], "model": "recraft/recraft-v4-style"}


async def test_a_style_that_a_provider_made_of_it_is_used_again_until_its_pictures_change(
    emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2])
    emulator: Any = emulate("recraft")
    async with client_on(emulator) as client:
        first = told(await client.call_tool("generate_image", STYLED))
    async with client_on(emulator) as client:  # another process
        second = told(await client.call_tool("generate_image", STYLED))
    await keep("mia", files[2:3])
    async with client_on(emulator) as client:
        changed = told(await client.call_tool("generate_image", STYLED))
    asked = [("style_reference_urls" in order.body, order.body.get("style_id")) for order in emulator.orders]
    [(_, none), (_, again), (_, anew)] = asked
    assert [is_made for is_made, _ in asked] == [True, False, True]
    assert (none, anew) == (None, None)
    assert again in emulator.styles
    assert (first["cost_usd"], second["cost_usd"], changed["cost_usd"]) == (0.04, 0.035, 0.04)
    assert emulator.surprises == []


async def test_a_style_that_could_not_be_noted_is_made_again_and_its_picture_is_there_all_the_same(
    emulate: Emulate,
    client_on: OpenClient,
    keep: Callable[..., Any],
    files: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: Any) -> None:
        raise StorageError("The disk is full.")

    await keep("mia", files[:2])
    emulator: Any = emulate("recraft")
    async with client_on(emulator) as client:
        with monkeypatch.context() as full:
            full.setattr(SqlReferences, "keep_handle", refuse)
            first = told(await client.call_tool("generate_image", STYLED))
        second = told(await client.call_tool("generate_image", STYLED))
    assert [(job["state"], job["cost_usd"]) for job in (first, second)] == [("completed", 0.04)] * 2
    assert ["style_reference_urls" in order.body for order in emulator.orders] == [True, True]


@pytest.mark.parametrize("answer", ["400", "404"])
async def test_a_style_that_the_provider_does_not_know_any_more_is_made_anew(
    answer: str, emulate: Emulate, client_on: OpenClient, keep: Callable[..., Any], files: list[Path]
) -> None:
    await keep("mia", files[:2])
    emulator: Any = emulate("recraft")
    emulator.unknown_style = answer
    async with client_on(emulator) as client:
        told(await client.call_tool("generate_image", STYLED))
        emulator.styles.clear()
        job = told(await client.call_tool("generate_image", {**STYLED, "prompt": "in the hills"}))
        whole = told(await client.call_tool("check_job", {"job_id": job["job_id"], "detail": True}))
        after = told(await client.call_tool("generate_image", {**STYLED, "prompt": "at home"}))
    assert job["state"] == "completed"
    assert [(attempt["outcome"], attempt["cost_usd"]) for attempt in whole["attempts"]] == [
        ("failed", 0.0),
        ("succeeded", 0.04),
    ]
    assert after["cost_usd"] == 0.035
    assert len(emulator.orders) == 3


async def test_no_other_tenant_and_no_other_key_draws_by_a_style_and_it_goes_with_its_name(
    emulate: Emulate, forge_on: OpenForge, keep: Callable[..., Any], files: list[Path]
) -> None:
    emulator, elsewhere = emulate("recraft"), emulate("recraft", "another-key")
    asked = ImageRequest.model_validate(STYLED)
    async with forge_on(emulator) as forge:
        ada, bob = (Caller(tenant=name, directories=forge.caller().directories) for name in ("ada", "bob"))
        for caller in (ada, bob):
            await keep("mia", files[:2], None, caller)
            await forge.generate(asked, caller)
        await forge.drop_reference("mia", ada)
        await keep("mia", files[:2], None, ada)
        await forge.generate(asked, ada)
    async with forge_on(elsewhere) as forge:
        await forge.generate(asked, bob)
    assert ["style_id" in order.body for order in (*emulator.orders, *elsewhere.orders)] == [False] * 4
