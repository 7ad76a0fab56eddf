"""A long run against what reads foreign bytes: `python -m tests.faults.long [--minutes 10] [--seed 0] [--only NAME]`.

Each target takes bytes and may raise nothing but errors of ours. Inputs start from sound ones and from the corpus of
finds (`tests/faults/finds/TARGET/`), are broken again and again, and are kept for more where they lead somewhere new:
to lines of ours that no input had run before. What breaks a target is written to the corpus, and is tried by every
later run and by `test_finds.py`.
"""

import argparse
import hashlib
import json
import random
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from imgforge_mcp.base.bounded_json import decode
from imgforge_mcp.base.canvas import Canvas
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.media.header import read_header
from imgforge_mcp.media.tasks import TASKS
from imgforge_mcp.media.vector import look_at
from imgforge_mcp.providers.contract import Call, Reply
from imgforge_mcp.providers.services import load, names
from tests.media._pictures import corpus
from tests.media.mutations import mutate

FINDS = Path(__file__).parent / "finds"
OURS = str(Path(__file__).parents[2] / "imgforge_mcp")
KEPT = 2_000
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><style>a{}</style><path d="M0 0L9 9"/></svg>'
REPLIES = (
    *(b'{"data": [{"b64_json": "iVBORw0KGgo=", "url": "https://x/y.png", "seed": 3}], "usage": {"cost": 0.1}}',),
    *(b'{"error": {"message": "NSFW content", "code": "content_policy_violation", "type": "x"}}', b"<html>502</html>"),
    *(b'{"id": "p1", "status": "Ready", "result": {"sample": "https://x/y"}, "polling_url": "https://x/p"}', b"[]"),
    *(b'{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}}]}', b"9"),
    *(b'{"output": ["https://x/y"], "urls": {"get": "https://x/g"}, "status": "succeeded"}', b"data: {}\n\n"),
)


def pictures(data: bytes) -> None:
    read_header(data)
    TASKS["inspect"](data, preview_px=64, preview_bytes=10_000)


def references(data: bytes) -> None:
    TASKS["as_input"](data, max_side=64)


def canvases(data: bytes) -> None:
    with suppress(ValueError):
        Canvas.of(data)


def jsons(data: bytes) -> None:
    with suppress(ValueError):
        decode(data)


def replies(data: bytes) -> None:
    model = {provider.provider: provider for provider in load_catalog().models}
    for name in names():
        if name != "local":
            provider, call = load(name), Call(model=model[name], prompt="a fox")
            status = 200 if len(data) % 3 else 422
            reply = Reply(status=status, headers={"content-type": "application/json"}, body=data)
            try:
                provider.parse(reply, call) if status == 200 else provider.failure(reply, call)
            except ForgeError as error:
                json.dumps(error.body("r"), allow_nan=False).encode()


TARGETS: Mapping[str, tuple[Callable[[bytes], Any], tuple[bytes, ...]]] = {
    "pictures": (pictures, tuple(corpus().values())),
    "references": (references, (*corpus().values(), SVG)),
    "drawings": (look_at, (SVG, b'<?xml version="1.0"?>' + SVG)),
    "replies": (replies, REPLIES),
    "json": (jsons, (*REPLIES, b"[" * 50 + b"]" * 50, b'{"a": 1e400, "a": "\\ud800"}')),
    "canvases": (canvases, (Canvas(pixels=b"abc" * 6, width=3, height=2, note="{}").packed(),)),
}


class Coverage:
    """Lines of ours that have been run."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()
        self._is_new = False

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        line = (frame.f_code.co_filename, frame.f_lineno)
        if line not in self.lines:
            self.lines.add(line)
            self._is_new = True
        return self._trace

    def leads_somewhere(self, act: Callable[[bytes], Any], data: bytes) -> bool:
        """Whether doing it ran a line that nothing had run before. Errors of ours are an outcome like any other."""
        self._is_new = False
        sys.settrace(self._trace)
        try:
            act(data)
        except ForgeError:
            return self._is_new
        finally:
            sys.settrace(None)
        return self._is_new


def tried(name: str, seconds: float, chance: random.Random) -> tuple[int, list[Path]]:
    """How many inputs a target was given, and the finds."""
    act, sound = TARGETS[name]
    pool = [*sound, *(path.read_bytes() for path in sorted((FINDS / name).glob("*")))]
    coverage, finds, number = Coverage(), list[Path](), 0
    until = time.monotonic() + seconds
    for known in pool:
        coverage.leads_somewhere(act, known)
    while time.monotonic() < until:
        data = bytearray(chance.choice(pool))
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            mutate(data, chance, chance.choice(pool))
        number += 1
        whole = bytes(data[:200_000])
        try:
            if coverage.leads_somewhere(act, whole) and len(pool) < KEPT:
                pool.append(whole)
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            finds.append(kept(name, whole))
            sys.stdout.write(f"{name}: {error!r}: {finds[-1]}\n")
    return number, finds


def kept(name: str, data: bytes) -> Path:
    path = FINDS / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.long")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(TARGETS))
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow's, about what is broken
    chosen, found = [options.only] if options.only else sorted(TARGETS), 0
    for name in chosen:
        number, finds = tried(name, options.minutes * 60 / len(chosen), random.Random(f"{options.seed} {name}"))
        found += len(finds)
        sys.stdout.write(f"{name}: {number} inputs, {len(finds)} finds\n")
        sys.stdout.flush()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
