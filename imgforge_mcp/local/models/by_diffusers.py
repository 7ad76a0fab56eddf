"""Drawing by diffusers: on an NVIDIA card where there is one, else, slowly, on the processor."""

import inspect
import os
from pathlib import Path
from typing import Any

from PIL import Image

from imgforge_mcp.base.errors import Rejected, Unsupported
from imgforge_mcp.base.types import Json
from imgforge_mcp.local.models import memory
from imgforge_mcp.local.models.engines import Step, said_of
from imgforge_mcp.local.serving import Stopped

ROOMY = 4
"""A machine with so many times the memory of the weights computes with them in full precision."""
CARD_RESERVE = 2 * 1024**3
"""Bytes of the card's memory that drawing takes beside the weights: activations of one megapixel or so."""


class Diffusers:
    """A pipeline in memory, and those of its parts that start from a picture or paint into one."""

    def __init__(self, folder: str) -> None:
        """Nothing is asked of the hub, and no program of the model's own is run. Threads that have nothing to do leave
        the processor to others: where two of them wait for a third on two cores, a step took twenty times as long.

        Raises:
            Unsupported: it cannot be loaded.
            ImportError: the runtime is not installed.
        """
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        import torch
        from diffusers import DiffusionPipeline

        self._torch = torch
        self._kind = _kind_of(torch, Path(folder))
        try:
            self._pipe = DiffusionPipeline.from_pretrained(
                folder, dtype=self._kind, local_files_only=True, use_safetensors=True
            )
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise Unsupported(f"The model cannot be loaded: {said_of(error, folder)}") from error
        self._place(self._pipe)

    def draw(self, order: Json, source: Image.Image | None, mask: Image.Image | None, step: Step) -> Image.Image:
        """As engines.Engine has it. Raises Rejected: what the pipeline's own safety checker blackened."""
        pipe = self._pipe_for(source, mask)

        def stepped(pipe: Any, number: int, time: Any, state: dict[str, Any]) -> dict[str, Any]:
            """What is raised here ends the pipeline at once."""
            if not step(number, pipe.num_timesteps):
                raise Stopped
            return state

        settings = {
            "width": order["width"],
            "height": order["height"],
            "num_inference_steps": order["steps"],
            "guidance_scale": order["guidance"],
            "negative_prompt": order["negative_prompt"],
            "strength": order["strength"],
            "image": source,
            "mask_image": mask,
        }
        taken = inspect.signature(pipe.__call__).parameters
        given = {name: value for name, value in settings.items() if value is not None and name in taken}
        pipe.set_progress_bar_config(disable=True)
        chance = self._torch.Generator("cpu").manual_seed(order["seed"])  # the same noise on every device
        drawn = pipe(prompt=order["prompt"], generator=chance, callback_on_step_end=stepped, **given)
        if any(getattr(drawn, "nsfw_content_detected", None) or ()):
            raise Rejected("The model's own safety checker blackened the picture; change the prompt or the seed.")
        return drawn.images[0]  # type: ignore[no-any-return]

    def _pipe_for(self, source: Image.Image | None, mask: Image.Image | None) -> Any:
        """The pipeline that takes them: some edit by themselves, others have one beside them, by its name, that shares
        their parts. Where none paints into a picture, one that starts from it does: only what was marked is kept of
        what it draws.

        Raises:
            Unsupported: it starts from words only.
        """
        import diffusers

        if source is None or (mask is None and _takes_pictures(self._pipe)):
            return self._pipe
        name = type(self._pipe).__name__.removesuffix("Pipeline")
        for beside in ("InpaintPipeline", "Img2ImgPipeline") if mask is not None else ("Img2ImgPipeline",):
            if (family := getattr(diffusers, f"{name}{beside}", None)) is not None:
                pipe = family.from_pipe(self._pipe, dtype=self._kind)
                self._place(pipe)
                return pipe
        if _takes_pictures(self._pipe):
            return self._pipe
        raise Unsupported("This model cannot start from a picture.")

    def _place(self, pipe: Any) -> None:
        """On the card, where there is one: whole if it has room for it, else part by part as each is at work."""
        if not self._torch.cuda.is_available():
            return
        parts = [part for part in pipe.components.values() if isinstance(part, self._torch.nn.Module)]
        outside = [each for part in parts for each in part.parameters() if each.device.type != "cuda"]
        free, _ = self._torch.cuda.mem_get_info()
        if sum(each.numel() * each.element_size() for each in outside) + CARD_RESERVE <= free:
            pipe.to("cuda")
        else:
            pipe.enable_model_cpu_offload()


def _takes_pictures(pipe: Any) -> bool:
    return "image" in inspect.signature(pipe.__call__).parameters


def _kind_of(torch: Any, folder: Path) -> Any:
    """Half precision, as the makers of such models use it, of which an older card knows one kind. A processor is many
    times faster in full precision; it has it where there is the memory."""
    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    weights = sum(path.stat().st_size for path in folder.glob("*/*.safetensors"))
    return torch.float32 if ROOMY * weights <= memory.total() else torch.bfloat16
