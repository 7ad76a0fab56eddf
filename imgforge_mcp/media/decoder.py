"""The one guarded door to the decoder: every picture that is kept passes here, and comes out sound or not.

All of them are decoded in processes of their own, which know no key and are ended when they compute for too long, crash
or run out of memory: a fault in a decoder's C code takes nothing of this program with it. They are kept warm while
there is work. Pictures are let in by the memory they will take, in the order in which they came. Where no process is to
be had, all raise NoDecoder.
"""

import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from imgforge_mcp.base.errors import BadReply, InvalidRequest, NoDecoder
from imgforge_mcp.base.formats import FORMATS
from imgforge_mcp.media.convert import InputImage
from imgforge_mcp.media.decode import MAX_INPUT_PIXELS, MAX_PIXELS
from imgforge_mcp.media.header import Header, read_header
from imgforge_mcp.media.processes import DecodeProcesses, Seat
from imgforge_mcp.media.tasks import TASKS
from imgforge_mcp.media.writing import Measure

SECONDS = 10.0
"""Of processor time for one picture: 40 megapixels of noise take 2 as PNG and 4 as AVIF."""
INPUT_FACTOR = 3
"""A person's own picture may have three times the pixels, and gets three times as long."""
MEMORY_BYTES = 384 * 1024 * 1024
PROCESSES = min(4, max(2, os.cpu_count() or 1))
ALIKE_SIDE = 128
ALIKE_MOST, ALIKE_MEAN = 10, 1.0
"""Of 255: what encoding a picture again, at another size too, changes in one pixel of its miniature and on the whole
(measured: 9 and 0.4); a dot of a fiftieth of its width changes one by 120, a warmer light the whole by more."""
BYTES_PER_PIXEL = 8
"""The pixels and what is made of them on the way to a preview."""
INPUT_BYTES_PER_PIXEL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What a fully decoded image is; sizes in pixels. `rendition` is a small JPEG of it, where one is wanted."""

    mime_type: str
    width: int
    height: int
    rendition: bytes | None = field(default=None, repr=False, compare=False)


class Decoder:
    """One per program. `preview_px` and `preview_bytes` bound the rendition made of every picture that is inspected,
    while its pixels are at hand; 0 makes none. `seconds` bound the processor time of one picture in a process."""

    def __init__(
        self,
        *,
        preview_px: int = 0,
        preview_bytes: int = 0,
        memory_bytes: int = MEMORY_BYTES,
        seconds: float = SECONDS,
        processes: DecodeProcesses | None = None,
    ) -> None:
        self._preview = {"preview_px": preview_px, "preview_bytes": preview_bytes}
        self._seconds = seconds
        self._memory = MemoryGate(memory_bytes)
        self._processes = processes or DecodeProcesses()
        self._lanes: anyio.CapacityLimiter | None = None

    def warm(self) -> None:
        """Say that a picture will come soon: a process for it is started meanwhile."""
        self._processes.warm()

    async def inspect(self, data: bytes) -> Sound:
        """Decode the whole image, within bounds, and say what it is. The type comes from the bytes alone.

        Raises:
            BadReply: not a PNG, JPEG, WebP, GIF or AVIF, damaged, cut short, or larger than 40 megapixels.
        """
        made = await self._run("inspect", data, self._preview)
        return Sound(
            mime_type=made.mime_type, width=made.width, height=made.height, rendition=made.data if made.data else None
        )

    async def inspect_vector(self, data: bytes) -> Sound:
        """The same for an SVG drawing, which is kept as it came and never shown inline; its size is that of its view
        box.

        Raises:
            BadReply: not one whole SVG document, or one with a script or entities of its own.
        """
        drawing = await self._run("inspect_vector", data, {})
        return Sound(mime_type=drawing.mime_type, width=drawing.width, height=drawing.height)

    async def preview(self, data: bytes, max_px: int, max_bytes: int) -> bytes:
        """A JPEG rendition at most `max_px` on its longer side and `max_bytes` long, shrunk until it fits. Raises
        BadReply."""
        return (await self._run("preview", data, {"max_px": max_px, "max_bytes": max_bytes})).data

    async def scaled(self, data: bytes, width: int) -> tuple[bytes, str]:
        """A WebP rendition `width` pixels wide, never enlarged; with its type. Raises BadReply."""
        made = await self._run("scaled", data, {"width": width})
        return made.data, made.mime_type

    async def as_input(self, data: bytes, max_side: int, *, field: str = "input_images") -> InputImage:
        """A reference image for upstream: upright, in eight bits, stripped of metadata, within `max_side`.

        Raises:
            InvalidRequest: not an image of a known type; names the argument `field`.
        """
        return await self._own("as_input", data, {"max_side": max_side}, field)

    async def as_canvas(self, data: bytes, max_side: int) -> InputImage:
        """A reference image's bare pixels, as a packed `Canvas`, for what changes it on this machine.

        Raises:
            InvalidRequest: not an image of a known type.
        """
        return await self._own("as_canvas", data, {"max_side": max_side}, "input_images")

    async def as_marks(self, data: bytes, *, field: str = "mask") -> InputImage:
        """A mask of any kind as ours: a grey PNG whose white is the place to change.

        Raises:
            InvalidRequest: not an image of a known type, or one that marks nothing, or everything.
        """
        return await self._own("as_marks", data, {}, field)

    async def as_mask(self, data: bytes, width: int, height: int, marks: str) -> InputImage:
        """A mask of a size in pixels, for a provider that reads `marks` (white, black, alpha) as the place to change.

        Raises:
            InvalidRequest: not an image of a known type.
        """
        return await self._own("as_mask", data, {"width": width, "height": height, "marks": marks}, "mask")

    async def made(self, data: bytes, operation: str, *, kind: str = "", **options: Any) -> InputImage:
        """One of `writing.OPERATIONS` done to a picture on this machine, and the result as `kind` (png, jpeg, webp,
        avif, ico, pdf; left out, in the kind that it had, else PNG).

        Raises:
            BadReply: no sound image.
            InvalidRequest: the operation cannot be done with these options.
        """
        return await self._run("as_made", data, {"operation": operation, "kind": kind, **options})

    async def altered_preview(self, made: InputImage, source: bytes) -> bytes | None:
        """A rendition of what `made` brought; of its source where it is of a kind that is not decoded here. None where
        none is wanted."""
        if not self._preview["preview_px"]:
            return None
        kinds = [kind for kind, _ in FORMATS.values()]
        shown = made.data if made.mime_type in kinds else source
        try:
            return await self.preview(shown, self._preview["preview_px"], self._preview["preview_bytes"])
        except (BadReply, NoDecoder):
            return None

    async def measure(self, data: bytes) -> Measure:
        """Kind, size and transparency, by the pixels. Raises BadReply."""
        seen = await self._run("measurement", data, {})
        return Measure(mime_type=seen.mime_type, width=seen.width, height=seen.height, has_transparency=bool(seen.data))

    async def is_same(self, first: bytes, second: bytes) -> bool:
        """Whether two pictures show the same, however they are encoded and whatever their size. Raises BadReply."""
        one, other = [await self._run("miniature", data, {"side": ALIKE_SIDE}) for data in (first, second)]
        if (one.width, one.height) != (other.width, other.height):
            return False
        most, mean = await anyio.to_thread.run_sync(differs_by, one.data, other.data)
        return most <= ALIKE_MOST and mean <= ALIKE_MEAN

    def close(self) -> None:
        """End the decode processes; those at work too."""
        self._processes.close()

    # Behind the door ------------------------------------------------------------------------------------------------

    async def _own(self, name: str, data: bytes, options: dict[str, Any], field: str) -> InputImage:
        """A task on a picture that a caller named: what is wrong with it is the caller's to mend."""
        what = "mask" if field == "mask" else "reference"
        try:
            return await self._run(name, data, options)
        except BadReply as error:
            raise InvalidRequest(f"The {what} is no usable image: {error.message}", field=field) from None
        except InvalidRequest as error:
            raise InvalidRequest(error.message, field=field) from None

    async def _run(self, name: str, data: bytes, options: dict[str, Any]) -> InputImage:
        header, is_input = read_header(data), name.startswith("as_")
        if header.kind not in FORMATS and not (header.kind and (is_input or name == "inspect_vector")):
            return TASKS[name](data, **options)  # which refuses it by its head
        if self._lanes is None:
            self._lanes = anyio.CapacityLimiter(PROCESSES)
        async with self._memory.admitted(_weight(header, data, options, is_input=is_input)), self._lanes:
            seconds = self._seconds * (INPUT_FACTOR if is_input else 1)
            return await self._in_process(name, data, options, seconds)

    async def _in_process(self, name: str, data: bytes, options: dict[str, Any], seconds: float) -> InputImage:
        """In a process of its own; it is ended when the caller is cancelled."""
        seat = Seat()
        work = partial(self._processes.run, seat, name, data, options, seconds)
        try:
            return await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            if seat.leave():
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(seat.is_free.wait)
            raise


class MemoryGate:
    """Lets work in by the bytes it will take, in order; what is larger than all there is gets in alone."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @asynccontextmanager
    async def admitted(self, size: int) -> AsyncIterator[None]:
        size = min(size, self._total)
        await self._enter(size)
        try:
            yield
        finally:
            self._leave(size)

    async def _enter(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        ticket = (size, anyio.Event())
        self._waiting.append(ticket)
        try:
            await ticket[1].wait()
        except BaseException:
            if ticket[1].is_set():
                self._leave(size)
            else:
                self._waiting.remove(ticket)
                self._leave(0)
            raise

    def _leave(self, size: int) -> None:
        self._free += size
        while self._waiting and self._waiting[0][0] <= self._free:
            taken, event = self._waiting.popleft()
            self._free -= taken
            event.set()


def differs_by(first: bytes, second: bytes) -> tuple[int, float]:
    """The largest difference of any two bytes at the same place, and the mean one."""
    import numpy as np

    one, other = (np.frombuffer(data, dtype=np.uint8).astype(np.int16) for data in (first, second))
    apart = np.abs(one - other)
    return int(apart.max(initial=0)), float(apart.mean()) if len(apart) else 0.0


def _weight(header: Header, data: bytes, options: dict[str, Any], *, is_input: bool) -> int:
    """Bytes that a task will take; a size that only a decoder knows counts as the largest."""
    most = MAX_INPUT_PIXELS if is_input else MAX_PIXELS
    pixels = min(header.pixels or most, most) if header.kind else 0
    each = INPUT_BYTES_PER_PIXEL if is_input else BYTES_PER_PIXEL
    return max(pixels * each, _pixels_wanted(header, options) * BYTES_PER_PIXEL) + len(data)


def _pixels_wanted(header: Header, options: dict[str, Any]) -> int:
    """Those of what is to be made, where it may be larger than what it is made of."""
    said: int = (options.get("width") or 0) * (options.get("height") or 0)
    scale: int = options.get("scale", 1)
    return min(MAX_PIXELS, max(said, header.pixels * scale**2))
