"""The nine prompts of the five documents at every provider: what its bill says is what our books say."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import emulators
from tests.answers import ended, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.emulators._ledger import charged

pytestmark = pytest.mark.anyio

SMALL = {"width": 512, "height": 512}
PROMPTS: list[dict[str, Any]] = [
    {"prompt": "A serene mountain lake at sunset with reflections"},
    {"prompt": "Product hero image for order 12345", "aspect_ratio": "16:9"},
    {"prompt": "A serene mountain landscape at sunset, photorealistic", "width": 1024, "height": 1024},
    {"prompt": "A cinematic close-up of a red fox in an autumn forest", "n": 2},
    {"prompt": "A watercolor painting of Mount Fuji at sunrise", "width": 1024, "height": 1792},
    {"prompt": "A neon cyberpunk alley at night", "seed": 7},
    {"prompt": "a sunset over mountains", "negative_prompt": "blurry, low quality", **SMALL},
    {"prompt": "a futuristic city at night", **SMALL},
    {"prompt": "a portrait photo, studio lighting", **SMALL},
]
BY_THE_SECOND = ("huggingface",)
"""Who bills by machine time, which nobody can know beforehand and no answer tells: the books hold an upper bound."""


@pytest.mark.parametrize("name", emulators.names())
async def test_what_the_bill_says_is_what_is_booked(
    name: str, emulate: Callable[[str], Emulator], client_on: OpenClient
) -> None:
    emulator = emulate(name)
    booked = 0.0
    async with client_on(emulator) as client:
        for asked in PROMPTS:
            answer = told(await client.call_tool("generate_image", asked))
            job = await ended(client, answer["job_id"])
            assert job["state"] == "completed", job
            booked += job["cost_usd"]
        usage = told(await client.call_tool("get_usage", {"period": "day"}))
    assert usage["by_provider"][name]["cost_usd"] == pytest.approx(booked)
    assert not usage["by_provider"][name].get("maybe_billed_usd")
    if name in BY_THE_SECOND:
        assert charged(emulator) <= booked
    else:
        assert booked == pytest.approx(charged(emulator), rel=1e-6, abs=2e-6 * len(PROMPTS))
