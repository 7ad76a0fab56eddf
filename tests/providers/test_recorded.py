"""Every provider and every known gateway by recorded replies: a picture is kept, a refusal is sold to nobody, a used-up
quota, a wrong key and a wrong address are called what they are, and the next provider is asked."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.providers.services import load, names
from tests.answers import ended, is_named, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.providers._recorded import KEY, PNG, Player, Recording, Said, recordings
from tests.providers._subject import usual_model

pytestmark = pytest.mark.anyio

PROMPT = "a red fox"
RECORDINGS = recordings()
DIGEST = hashlib.sha256(PNG).hexdigest()
KINDS = {"quota": "quotas", "key": "keys", "address": "addresses"}
SAID = {"quota": " credit", "key": "rejected the key", "address": "Check "}
"""What the attempt's record says of each cause."""


def table(kind: str) -> list[Any]:
    """One case for each recorded reply of a kind."""
    return [
        pytest.param(recording, reply, id=f"{recording.name}: {name}")
        for recording in RECORDINGS
        for name, reply in getattr(recording, kind).items()
    ]


FAILURES = [
    pytest.param(cause, *case.values, id=f"{cause}, {case.id}") for cause, kind in KINDS.items() for case in table(kind)
]


@pytest.fixture
def play(environment: dict[str, str]) -> Iterator[Callable[..., Player]]:
    """Serve a recorded reply and configure its provider, before `other` in every tier, or alone."""
    with ExitStack() as stack:

        def serve(recording: Recording, reply: Said, other: Emulator | None = None) -> Player:
            player = Player(reply)
            base_url = stack.enter_context(player.serve())
            first = "drawer" if recording.is_gateway else usual_model(recording.name).slug
            group = [first, *([usual_model(other.name).slug] if other else [])]
            order = [recording.name, *([other.name] if other else [])]
            lines = [f"provider_order = {order}"]
            if recording.is_gateway:
                lines += ["[[servers]]", f'name = "{recording.name}"', f'base_url = "{base_url}{recording.base_path}"']
                lines += [f'api_key = "{KEY}"', 'models = [{ id = "gpt-image-2", slug = "drawer" }]']
            lines += ["[tiers.standard]", f"groups = [{group}]"]
            Path(environment["IMGFORGE_CONFIG"]).write_text("\n".join(lines), "utf-8")
            if not recording.is_gateway:
                manifest = load(recording.name).manifest
                environment.update(dict.fromkeys(manifest.key_variables[:1], KEY))
                environment.update(dict.fromkeys(manifest.settings.values(), "account"))
                environment[manifest.base_url_variable] = base_url
            return player

        yield serve


def is_page(reply: Said) -> bool:
    """Whether somebody's page is answered with 200: then nobody knows whether anything was bought."""
    return "text" in reply and "status" not in reply


def address_setting(recording: Recording) -> str:
    if recording.is_gateway:
        return f"base_url of the server {recording.name}"
    return load(recording.name).manifest.base_url_variable


def other_than(recording: Recording) -> str:
    return "openai" if recording.name == "together" else "together"


def test_every_provider_is_recorded_and_every_gateway() -> None:
    recorded = [recording.name for recording in RECORDINGS]
    assert sorted(recorded) == sorted({*recorded})
    gateways = {"litellm", "one-api", "open-webui", "localai", "azure", "openrouter"}
    assert {*names()} - {"local"} | gateways <= {*recorded}
    for recording in RECORDINGS:
        kinds = [recording.pictures, recording.refusals, recording.quotas, recording.keys, recording.addresses]
        assert all(kinds) or recording.missing
        assert recording.source


@pytest.mark.parametrize(("recording", "reply"), table("pictures"))
async def test_a_recorded_picture_is_kept(
    recording: Recording,
    reply: Said,
    play: Callable[..., Player],
    emulate: Callable[[str], Emulator],
    client_on: OpenClient,
) -> None:
    other = emulate(other_than(recording))
    player = play(recording, reply, other)
    async with client_on(other) as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
    assert job["state"] == "completed", job
    assert job["provider"] == recording.name
    assert [is_named(asset, DIGEST) for asset in job["assets"]] == [True]
    assert (player.paid, other.submits) == (1, [])


@pytest.mark.parametrize(("recording", "reply"), table("refusals"))
async def test_a_recorded_refusal_is_sold_to_nobody(
    recording: Recording,
    reply: Said,
    play: Callable[..., Player],
    emulate: Callable[[str], Emulator],
    client_on: OpenClient,
) -> None:
    other = emulate(other_than(recording))
    player = play(recording, reply, other)
    async with client_on(other) as client:
        result = await client.call_tool("generate_image", {"prompt": PROMPT})
    error = told(result)
    assert (result.is_error, error["code"], error["status"]) == (True, "content_refused", 422), error
    assert error["details"]["provider"] == recording.name
    assert (player.paid, other.submits) == (1, [])


@pytest.mark.parametrize(("cause", "recording", "reply"), FAILURES)
async def test_a_recorded_failure_is_called_what_it_is_and_the_next_provider_draws(
    cause: str,
    recording: Recording,
    reply: Said,
    play: Callable[..., Player],
    emulate: Callable[[str], Emulator],
    client_on: OpenClient,
) -> None:
    other = emulate(other_than(recording))
    player = play(recording, reply, other)
    async with client_on(other) as client:
        job = told(await client.call_tool("generate_image", {"prompt": PROMPT}))
        record = await ended(client, job["job_id"])
    assert (job["state"], job["provider"]) == ("completed", other.name), job
    [first, _] = record["attempts"]
    assert SAID[cause] in first["error"], first
    assert first.get("maybe_billed", False) is is_page(reply)
    if cause == "address":
        assert address_setting(recording) in first["error"]
    assert (player.paid, len(other.submits)) == (1, 1)
