"""AUTOMATIC1111 and Forge, /sdapi/v1: Forge dfdcbab6 (2025-06-26) modules/api, webuiapi 0.9.17's requests."""

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator, route
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Declined, Order, is_base64

TEXT_FIELDS = {
    *("prompt", "negative_prompt", "styles", "seed", "subseed", "subseed_strength", "seed_resize_from_h"),
    *("seed_resize_from_w", "sampler_name", "sampler_index", "scheduler", "batch_size", "n_iter", "steps"),
    *("cfg_scale", "distilled_cfg_scale", "width", "height", "restore_faces", "tiling", "do_not_save_samples"),
    *("do_not_save_grid", "eta", "denoising_strength", "s_min_uncond", "s_churn", "s_tmax", "s_tmin", "s_noise"),
    *("override_settings", "override_settings_restore_afterwards", "refiner_checkpoint", "refiner_switch_at"),
    *("disable_extra_networks", "firstpass_image", "comments", "enable_hr", "firstphase_width"),
    *("firstphase_height", "hr_scale", "hr_upscaler", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y"),
    *("hr_checkpoint_name", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt", "hr_cfg"),
    *("force_task_id", "script_name", "script_args", "send_images", "save_images", "alwayson_scripts", "infotext"),
}
IMAGE_FIELDS = TEXT_FIELDS | {
    *("init_images", "mask", "resize_mode", "image_cfg_scale", "mask_blur", "mask_blur_x", "mask_blur_y"),
    *("mask_round", "inpainting_fill", "inpaint_full_res", "inpaint_full_res_padding", "inpainting_mask_invert"),
    *("initial_noise_multiplier", "latent_mask", "include_init_images"),
}
CHECKPOINTS = ["v1-5-pruned-emaonly.safetensors [6ce0161689]", "sd_xl_base_1.0.safetensors [31e35c80fc]"]
SAMPLERS = {"Euler", "Euler a", "DPM++ 2M", "DPM++ SDE", "DDIM", "LCM"}
ERRORS = {
    "400": (400, "HTTPException", "Sampler not found"),
    "404": (404, "HTTPException", "Model not found"),
    "500": (500, "OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB"),
}


class A1111(Emulator):
    """One answer with base64 PNG and, as JSON inside the JSON, the seeds; no key and no filter."""

    name = "a1111"
    needs_key: ClassVar[bool] = False
    undocumented: ClassVar[frozenset[str]] = frozenset({"401", "402", "403", "429", "quota", "503", "echo_key"})

    def failure(self, kind: str, message: str = "") -> Answer:
        """The class of the exception and its text."""
        status, error, text = ERRORS[kind]
        told = {"detail": message or text, "errors": ""} if status < 500 else {"detail": "", "errors": message or text}
        return Answer(status, {"error": error, "body": "", **told})

    @route("POST", "/sdapi/v1/txt2img", phase="submit")
    def text_to_image(self, call: Call) -> Order:
        """From words."""
        return self._order(self.expect(call, TEXT_FIELDS))

    @route("POST", "/sdapi/v1/img2img", phase="submit")
    def image_to_image(self, call: Call) -> Order:
        """From a picture, or the white part of a mask."""
        body = self.expect(call, IMAGE_FIELDS)
        if not body.get("init_images"):
            raise self.decline("404", "Init image not found")
        for each in (*body["init_images"], *([body["mask"]] if body.get("mask") else [])):
            if not is_base64(each):
                raise self.decline("500", "Invalid encoded image")
        return self._order(body)

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """What was made, the call's own fields, and what became of them."""
        first = order.seed if order.seed is not None else 3_141_592_653
        seeds = [first + place for place in range(order.number)]
        info = {
            **{"prompt": order.prompt, "all_prompts": [order.prompt] * order.number},
            **{"seed": first, "all_seeds": seeds, "width": order.width, "height": order.height},
            **{"sampler_name": order.body.get("sampler_name") or "Euler", "steps": order.body.get("steps", 50)},
            "infotexts": [f"{order.prompt}\nSteps: 20, Seed: {seed}" for seed in seeds],
        }
        images = [base64.b64encode(each.data).decode() for each in pictures]
        return Answer(200, {"images": images, "parameters": dict(order.body), "info": json.dumps(info)})

    @route("GET", "/sdapi/v1/progress")
    def progress(self, call: Call) -> Answer:
        """Nothing is at work: an answer comes at once."""
        state = {"skipped": False, "interrupted": False, "job": "", "job_count": 0, "sampling_step": 0}
        return Answer(200, {"progress": 0.0, "eta_relative": 0.0, "state": state, "current_image": None})

    @route("POST", "/sdapi/v1/interrupt")
    def interrupt(self, call: Call) -> Answer:
        """Always the same answer."""
        return Answer(200, {})

    @route("GET", "/sdapi/v1/options")
    def options(self, call: Call) -> Answer:
        """What is set, the loaded checkpoint above all."""
        return Answer(200, {"sd_model_checkpoint": CHECKPOINTS[0], "samples_format": "png"})

    @route("GET", "/sdapi/v1/sd-models")
    def models(self, call: Call) -> Answer:
        """The checkpoints on disk."""
        names = [each.partition(".")[0] for each in CHECKPOINTS]
        return Answer(200, [{"title": t, "model_name": n} for t, n in zip(CHECKPOINTS, names, strict=True)])

    @route("GET", "/sdapi/v1/samplers")
    def samplers(self, call: Call) -> Answer:
        """The samplers."""
        return Answer(200, [{"name": each, "aliases": [], "options": {}} for each in sorted(SAMPLERS)])

    @route("GET", "/sdapi/v1/scripts")
    def scripts(self, call: Call) -> Answer:
        """No scripts."""
        return Answer(200, {"txt2img": [], "img2img": []})

    def _order(self, body: Mapping[str, Any]) -> Order:
        self._check_types(body)
        sampler = body.get("sampler_name") or body.get("sampler_index") or "Euler"
        if sampler not in SAMPLERS:
            raise self.decline("400")
        wanted = (body.get("override_settings") or {}).get("sd_model_checkpoint", CHECKPOINTS[0])
        found = [title for title in CHECKPOINTS if title.startswith(wanted)]
        if not found:
            raise self.decline("404", f"Model {wanted} not found")
        seed = body.get("seed", -1)
        return Order(
            model=found[0],
            prompt=body.get("prompt", ""),
            width=body.get("width", 512),
            height=body.get("height", 512),
            number=body.get("batch_size", 1) * body.get("n_iter", 1),
            seed=None if seed in (-1, None) else seed,
            body=body,
        )

    def _check_types(self, body: Mapping[str, Any]) -> None:
        for name in ("width", "height", "steps", "batch_size", "n_iter", "seed"):
            if not isinstance(body.get(name, 1), int):
                error = {"loc": ["body", name], "msg": "value is not a valid integer", "type": "type_error.integer"}
                raise Declined(Answer(422, {"detail": [error]}))
