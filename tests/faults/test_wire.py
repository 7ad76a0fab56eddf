"""Every provider behind a network that misbehaves, asked as a client asks: the call brings its picture or ends with the
right error, and is settled as what the provider itself has on record."""

import ssl
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from imgforge_mcp import Forge, ImageRequest
from imgforge_mcp.base.types import Job, JobState
from tests import emulators
from tests.conftest import OpenForge
from tests.emulators import Emulator
from tests.faults import tally
from tests.faults._processes import PATIENCE
from tests.faults.wire import HARMLESS, TOXICS, Toxic, between, certified
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio
Emulate = Callable[..., Emulator]
NAMES = emulators.names()
LONGER_THAN_ANY_WAIT = 301.0
FREE = ("a1111", "comfyui", "nvidia")
"""Whose calls cost nothing, so that nothing may have been billed."""
CODES = {"provider_error", "all_providers_failed", "timeout", "job_timeout", "no_image_provider"}


def through(emulator: Emulator, url: str) -> dict[str, str]:
    """The variables that lead a forge to the emulator by another way."""
    return {name: url if name.endswith("_BASE_URL") else value for name, value in emulator.environment().items()}


async def asked(forge: Forge, name: str) -> Job:
    with anyio.fail_after(PATIENCE):
        job = await forge.submit(ImageRequest(prompt="a red fox", provider=name), forge.caller())
        return await forge.job(job.job_id, forge.caller(), wait_seconds=7200.0)


@pytest.mark.parametrize("toxic", TOXICS)
@pytest.mark.parametrize("name", NAMES)
async def test_a_call_through_a_bad_network_brings_its_picture_or_is_settled(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, name: str, toxic: str
) -> None:
    emulator = emulate(name)
    tally.injected()
    async with between(emulator.base_url, TOXICS[toxic]) as (proxy, url):
        proxy.on_stall = lambda: clock.advance(LONGER_THAN_ANY_WAIT)
        async with forge_on(**through(emulator, url)) as forge:
            job = await asked(forge, name)
    assert job.state in (JobState.COMPLETED, JobState.FAILED)
    assert all(attempt.ended_at is not None for attempt in job.attempts)
    bought = [attempt for attempt in job.attempts if attempt.maybe_billed or attempt.state == "succeeded"]
    assert len(emulator.submits) <= len(job.attempts if name in FREE else bought)
    assert len(emulator.submits) <= 1
    if toxic in HARMLESS:
        assert (job.state, len(job.assets)) == (JobState.COMPLETED, 1)
    if job.state is JobState.FAILED:
        assert job.error is not None
        assert job.error["code"] in CODES


TLS_NAMES = ("together", "openai", "ideogram", "stability", "gemini")


@pytest.mark.parametrize("name", TLS_NAMES)
@pytest.mark.parametrize("kind", ["sound", "another name", "nobody's", "old", "no TLS", "cut"])
async def test_a_key_goes_only_where_the_certificate_is_right(
    emulate: Emulate, forge_on: OpenForge, tmp_path: Path, name: str, kind: str
) -> None:
    emulator = emulate(name)
    tally.injected(kind != "sound")
    context, authority = certified(tmp_path, "other.example" if kind == "another name" else "127.0.0.1")
    if kind == "nobody's":
        (other := tmp_path / "other").mkdir()
        context, _ = certified(other, "127.0.0.1")
    if kind == "old":
        context.set_ciphers("AES128-SHA")  # of the last century, and no newer protocol
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    toxic = Toxic(limit=0, before=True) if kind == "cut" else Toxic()
    served = None if kind in ("no TLS", "cut") else context
    async with between(emulator.base_url, toxic, served) as (_, url):
        variables = through(emulator, url.replace("http://", "https://"))
        async with forge_on(SSL_CERT_FILE=authority, **variables) as forge:
            job = await asked(forge, name)
    if kind == "sound":
        assert (job.state, len(job.assets)) == (JobState.COMPLETED, 1)
        return
    assert job.state is JobState.FAILED
    assert not any(attempt.maybe_billed for attempt in job.attempts)
    assert emulator.calls == []
