"""What draws on this machine as a provider: the embedded engine, and models that were pulled; no key, free."""

import secrets
from pathlib import Path

from imgforge_mcp.base.errors import BadReply
from imgforge_mcp.base.types import Transform
from imgforge_mcp.providers.contract import (
    Alteration,
    Call,
    Composition,
    Images,
    Manifest,
    Operation,
    Provider,
    Rendering,
    Reply,
)
from imgforge_mcp.providers.pulled import cutting_out

SEEDS = 2**31


class Local(Provider):
    """Draws with a pulled model or the illustrator, or adjusts a given image; several images take consecutive
    seeds."""

    manifest = Manifest(
        name="local",
        title="the embedded engine",
        aliases=("embedded", "built_in", "illustrator", "offline"),
        base_url="",
        needs_key=False,
        is_local=True,
        is_free=True,
        concurrency=1,
    )

    def submit(self, call: Call) -> Composition | Alteration | Rendering:
        if call.transform is not None and "folder" in call.model.options:
            return cutting_out(call.model, call.inputs[0])
        if call.transform is not None:
            return _alteration(call.transform)
        seed = call.seed if call.seed is not None else secrets.randbelow(SEEDS)
        if "folder" in call.model.options:
            return _rendering(call, seed)
        return _composition(call, seed)

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        raise BadReply("The embedded engine does not speak HTTP.")


def _composition(call: Call, seed: int) -> Composition:
    """A picture that is changed keeps its size unless one was asked for."""
    canvas = call.inputs[0].data if call.inputs else b""
    has_size = call.is_size_asked or not canvas
    return Composition(
        prompt=call.prompt,
        seed=seed,
        n=call.n,
        width=call.width if has_size else None,
        height=call.height if has_size else None,
        style=call.style,
        negative_prompt=call.negative_prompt,
        canvas=canvas,
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


PROVIDER = Local()
