"""A job's call to one model, made ready: its reference images come from the store, fitted to what that model takes."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

import anyio.to_thread

from imgforge_mcp.base.errors import NotFound
from imgforge_mcp.base.types import ImageRequest, Job, KeptHandle
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.providers.configured import ConfiguredProvider
from imgforge_mcp.providers.contract import Call, InputImage, ModelSpec
from imgforge_mcp.routing.fitting import fit, input_form, input_side
from imgforge_mcp.routing.pricing import Size
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry

SEEDS = 1_000_000_000
"""How many seeds there are to choose from: few digits for a model to repeat."""


async def input_sizes(registry: Registry, request: ImageRequest) -> list[Size]:
    """Width and height of a request's reference images as the store has them; what is gone is left out."""
    found = [await registry.assets.find(reference) for reference in request.input_images or ()]
    return [(asset.width, asset.height) for asset in found if asset is not None]


def parts_of(call: Call, job: Job) -> list[Call]:
    """The calls that make all the job's images."""
    return [part_of(call, job, number) for number in range(math.ceil(job.request.n / call.n))]


def part_of(call: Call, job: Job, number: int) -> Call:
    """One of them: it has a reference of its own and, with a seed, one that counts up, so that no two bring the
    same."""
    images = max(1, min(call.n, job.request.n - number * call.n))
    seed = None if call.seed is None else call.seed + number * call.n
    return replace(call, n=images, seed=seed, reference=f"{job.job_id}-{number}")


class Preparation:
    """Reads references from the store; by the time a job exists, all of them are there."""

    def __init__(self, registry: Registry, assets: ImageStore, decoder: Decoder) -> None:
        self._registry = registry
        self._assets = assets
        self._decoder = decoder

    async def call(
        self,
        job: Job,
        configured: ConfiguredProvider,
        model: ModelSpec,
        *,
        with_inputs: bool = True,
        is_batch: bool = False,
    ) -> Call:
        """The call for all n images of the job; without inputs it serves to read an answer, not to ask.

        Raises:
            NotFound: a reference is no longer in the store.
        """
        side = input_side(model)
        references = (job.request.input_images or [])[: model.max_inputs] if with_inputs else []
        form = input_form(model)
        inputs = tuple([await self._input(reference, side, form) for reference in references])
        mask = await self._mask(job.request.mask, inputs[0], configured) if job.request.mask and inputs else None
        call = fit(
            job.request,
            model,
            prompt=job.final_prompt,
            tier=job.quality_tier,
            n=job.request.n,
            inputs=inputs,
            input_sizes=await input_sizes(self._registry, job.request),
            mask=mask,
            settings=configured.settings.settings,
            is_batch=is_batch,
        )
        if with_inputs and "by_reference" in model.capabilities:
            call = replace(call, kept=await self._kept(job, configured, call, references))
        if call.seed is None and "seed" in model.accepts and call.transform is None:
            call = replace(call, seed=_seed(job, model))
        if form != "raw" and await self._is_any_larger(references, side):
            warning = f"{model.name} is sent input images up to {side} px; larger ones were scaled down."
            call = replace(call, warnings=(*call.warnings, warning))
        return call

    async def _kept(
        self, job: Job, configured: ConfiguredProvider, call: Call, pictures: Sequence[str]
    ) -> KeptHandle | None:
        """What the provider has made of these pictures, or will have; None where they are not those of kept names."""
        request, tenant = job.request, await self._registry.jobs.tenant(job.job_id)
        if tenant is None or not request.kept or request.kept_pictures != len(request.input_images or ()):
            return None
        about = "\0".join((configured.settings_hash, call.model.slug, *pictures))
        kept = KeptHandle(
            tenant=tenant,
            names=tuple(sorted(each.name for each in request.kept)),
            provider=configured.settings.name,
            made_of=hashlib.sha256(about.encode()).hexdigest(),
        )
        return replace(kept, handle=await self._registry.references.handle(kept))

    async def forget(self, call: Call) -> None:
        """Let go what the provider does not know any more."""
        if call.kept is not None:
            await self._registry.references.forget_handle(call.kept)

    async def _is_any_larger(self, references: Sequence[str], side: int) -> bool:
        found = [await self._registry.assets.find(reference) for reference in references]
        return any(max(asset.width, asset.height) > side for asset in found if asset is not None)

    async def _input(self, asset_id: str, side: int, form: str) -> InputImage:
        """The image within `side` pixels; or as it is, for a model on this machine that wants it raw."""
        data = await self._bytes(asset_id)
        if form == "pixels":
            return await self._decoder.as_canvas(data, side)
        image = await self._decoder.as_input(data, side)
        return replace(image, data=data) if form == "raw" else image

    async def _mask(self, asset_id: str, first: InputImage, configured: ConfiguredProvider) -> InputImage:
        marks = configured.provider.manifest.mask
        return await self._decoder.as_mask(await self._bytes(asset_id), first.width, first.height, marks)

    async def _bytes(self, asset_id: str) -> bytes:
        asset = await self._registry.assets.find(asset_id)
        if asset is None:
            raise NotFound("A reference image of this job is no longer in the store.", asset_id=asset_id)
        return await anyio.to_thread.run_sync(self._assets.read, asset)


def _seed(job: Job, model: ModelSpec) -> int:
    """A seed where the caller gave none: chance, but the same one after a restart, and known afterwards. What a job
    says about its seed is what was sent."""
    most = min(model.max_seed, SEEDS) - (job.request.n - 1)
    return int.from_bytes(hashlib.sha256(job.job_id.encode()).digest()[:8]) % most
