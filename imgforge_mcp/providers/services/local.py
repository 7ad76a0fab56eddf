"""What draws on this machine as a provider: the embedded engine, and models that were pulled; no key, free."""

import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path

from imgforge_mcp import local
from imgforge_mcp.base.errors import BadReply, InvalidRequest
from imgforge_mcp.base.types import Transform
from imgforge_mcp.providers.contract import (
    Alteration,
    Call,
    Images,
    Manifest,
    Operation,
    Picture,
    Provider,
    Rendering,
    Reply,
    Work,
)
from imgforge_mcp.providers.pulled import cutting_out

SEEDS = 2**31
Report = Callable[[float, str], None]


class Local(Provider):
    """Draws with a pulled model or the illustrator, or adjusts a given image; several images take consecutive
    seeds."""

    manifest = Manifest(
        name="local",
        title="the embedded engine",
        base_url="",
        needs_key=False,
        is_local=True,
        is_free=True,
        concurrency=1,
    )

    def submit(self, call: Call) -> Work | Alteration | Rendering:
        if call.transform is not None and "folder" in call.model.options:
            return cutting_out(call.model, call.inputs[0])
        if call.transform is not None:
            return _alteration(call.transform)
        seed = call.seed if call.seed is not None else secrets.randbelow(SEEDS)
        if "folder" in call.model.options:
            return _rendering(call, seed)
        work = _adjusted if call.inputs else _drawn
        return Work(run=partial(_all, work, call, seed))

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        raise BadReply("The embedded engine does not speak HTTP.")


def _all(work: Callable[[Call, int, Report], local.Drawing], call: Call, first_seed: int, report: Report) -> Images:
    drawings = [
        work(call, (first_seed + number) % SEEDS, partial(_report_one, report, number, call.n))
        for number in range(call.n)
    ]
    warnings = dict.fromkeys(warning for drawing in drawings for warning in drawing.warnings)
    pictures = tuple(Picture(data=drawing.data, seed=drawing.seed) for drawing in drawings)
    missing = tuple(dict.fromkeys(entry for drawing in drawings for entry in drawing.not_drawn))
    drawn = dict.fromkeys(entry for drawing in drawings for entry in drawing.drawn)
    return Images(
        pictures=pictures,
        cost_usd=0.0,
        warnings=tuple(warnings),
        drawn=tuple(entry for entry in drawn if all(entry in drawing.drawn for drawing in drawings)),
        not_drawn=missing,
    )


def _rendering(call: Call, seed: int) -> Rendering:
    options = call.model.options
    return Rendering(
        name=call.model.slug,
        folder=Path(options["folder"]),
        memory=options["memory"],
        prompt=call.prompt,
        width=call.width,
        height=call.height,
        seed=seed,
        steps=call.steps if call.steps is not None else call.model.steps[2],
        guidance=options["guidance"],
        negative_prompt=call.negative_prompt,
        image=call.inputs[0].data if call.inputs else None,
        mask=call.mask.data if call.mask else None,
        strength=call.strength,
    )


def _drawn(call: Call, seed: int, report: Report) -> local.Drawing:
    return local.draw(
        call.prompt,
        width=call.width,
        height=call.height,
        seed=seed,
        style=call.style,
        negative_prompt=call.negative_prompt,
        progress=report,
    )


def _adjusted(call: Call, seed: int, report: Report) -> local.Drawing:
    """Raises InvalidRequest: the instruction holds nothing that the engine can do."""
    size = (call.width, call.height) if call.is_size_asked else (None, None)
    try:
        return local.adjust(call.inputs[0].data, call.prompt, width=size[0], height=size[1], seed=seed, progress=report)
    except ValueError as error:
        raise InvalidRequest(str(error), field="prompt") from None


SETTINGS = {
    "upscale": ("scale",),
    "crop": ("left", "top", "width", "height"),
    "resize": ("width", "height"),
    "extend": ("left", "top", "right", "bottom"),
}
"""What each operation on this machine is told."""
HONESTLY = {
    "remove_background": "Cut out by the colour of its background, not by a model.",
    "upscale": "Enlarged by Lanczos, without detail that was not there.",
    "vectorize": "Traced along the edges of its colours, not drawn anew.",
    "extend": "The margin has the colour of the picture's edge; nothing was painted.",
}


def _alteration(transform: Transform) -> Alteration:
    options = {name: getattr(transform, name) for name in SETTINGS.get(transform.operation, ())}
    is_fitted = transform.operation == "resize" and transform.fit != "stretch"
    if is_fitted:
        options["fit"] = transform.fit
    warning = HONESTLY.get(transform.operation)
    return Alteration(
        operation="fit" if is_fitted else transform.operation,
        kind=transform.format or "",
        options=options,
        warnings=(warning,) if warning else (),
    )


def _report_one(report: Report, number: int, total: int, fraction: float, what: str) -> None:
    report((number + fraction) / total, what)


PROVIDER = Local()
