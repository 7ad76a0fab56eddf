"""What a generate_image call over stdio costs above a raw HTTP call, its decoding and a durable file write."""

import base64
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from tests.benchmarks import _server, _upstream
from tests.benchmarks._figure import Figure, ratio_figure

ROUNDS = 40
WARM_UP = 4
NOISE = 10_000_000
"""More than any picture here has: its whole face is noise, which no encoder makes smaller."""
MODEL, MODEL_ID = "flux-2-dev", "black-forest-labs/FLUX.2-dev"
BY_URL = f'[models."together/{MODEL}".options.body]\nresponse_format = "url"\n'
"""The adapter asks for base64; a user's configuration may say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A picture, one way that it comes and is shown, and what the whole call may take, against the raw one: the aims
    were set where that took 13.6 ms for noise, 7.8 by URL, 17.9 for a photograph, and machines differ."""

    name: str
    aim: float | None = None
    side: int = 1024
    picture: int | str = "photograph"
    form: str = "base64"
    output_format: str = "png"
    preview: str = "off"

    @property
    def title(self) -> str:
        way = "by URL" if self.form == "url" else "in base64"
        return f"{self.name}, {self.side}², {way}, preview {self.preview}"


NOISY = Kind(name="1.2 MB PNG of noise", side=640, picture=NOISE, aim=27 / 13.6)
PHOTO = Kind(name="1.5 MB PNG like a photograph", aim=45 / 17.9)
KINDS = (
    NOISY,
    replace(NOISY, preview="on", aim=32 / 13.6),
    replace(NOISY, form="url", aim=20 / 7.8),
    replace(NOISY, form="url", preview="on", aim=25 / 7.8),
    PHOTO,
    replace(PHOTO, preview="on", aim=50 / 17.9),
    Kind(name="0.2 MB JPEG like a photograph", output_format="jpeg"),
)


def measure(folder: Path) -> list[Figure]:
    """Each round makes another picture both ways. The emulator keeps its drawings; it draws all of them beforehand."""
    with ExitStack() as stack:
        upstream = stack.enter_context(_upstream.serving())
        client = stack.enter_context(httpx.Client(base_url=upstream.url("together"), timeout=60))
        raw = RawCall(client, upstream.key("together"), folder)
        figures = []
        for number, kind in enumerate(KINDS):
            upstream.set("together", image_bytes=kind.picture)
            environment = _server.home(folder / str(number), BY_URL if kind.form == "url" else "")
            environment |= upstream.of("together") | {"IMGFORGE_PREVIEW": kind.preview}
            with _server.running(_server.OURS, environment) as server:
                server.initialize()
                ours, baseline = _pairs(server, raw, kind)
            figures.append(ratio_figure(f"a call: {kind.title}", ours, baseline, kind.aim))
    return figures


class RawCall:
    """The least that a careful program does: ask, decode, write a new file, fsync."""

    def __init__(self, client: httpx.Client, key: str, folder: Path) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._folder = folder
        self._number = 0

    def __call__(self, seed: int, kind: Kind) -> None:
        data = self._image(seed, kind)
        self._number += 1
        with (self._folder / f"raw-{self._number}.image").open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _image(self, seed: int, kind: Kind) -> bytes:
        body: dict[str, Any] = {"model": MODEL_ID, "width": kind.side, "height": kind.side, "n": 1}
        body |= {"prompt": "a red fox", "seed": seed}
        body |= {"response_format": kind.form, "output_format": kind.output_format}
        reply = self._client.post("/v1/images/generations", json=body, headers=self._headers).raise_for_status()
        [item] = reply.json()["data"]
        if kind.form == "url":
            return self._client.get(item["url"]).raise_for_status().content
        return base64.b64decode(item["b64_json"])


def _pairs(server: _server.Server, raw: RawCall, kind: Kind) -> tuple[list[float], list[float]]:
    """Ours and raw, in turn."""
    for seed in range(ROUNDS):
        raw(seed, kind)
    ours, baseline = [], []
    for seed in range(ROUNDS):
        ours.append(_seconds(partial(_draw, server, seed, kind)))
        baseline.append(_seconds(partial(raw, seed, kind)))
    return ours[WARM_UP:], baseline[WARM_UP:]


def _draw(server: _server.Server, seed: int, kind: Kind) -> None:
    server.draw(
        prompt="a red fox",
        model=MODEL,
        provider="together",
        seed=seed,
        width=kind.side,
        height=kind.side,
        output_format=kind.output_format,
        enhance=False,
    )


def _seconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started
