"""What came against what was asked: brought to it on this machine where that can be done, measured, and what is still
missing told."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import anyio.to_thread

from imgforge_mcp.base.errors import ForgeError, NotFound
from imgforge_mcp.base.formats import FORMATS, SVG
from imgforge_mcp.base.types import CUT_OUT, FITTED, Asset, ImageRequest, Job, Shortfall, Transform
from imgforge_mcp.jobs.preparation import input_sizes
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.media.convert import InputImage
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.media.writing import KINDS
from imgforge_mcp.routing.fitting import CLASS_SIDES, CLASS_TOLERANCE, SHAPE_TOLERANCE, ratio_of, transformed_size
from imgforge_mcp.routing.pricing import Size, dollars, quoted
from imgforge_mcp.routing.router import Router
from imgforge_mcp.storage.images import ImageStore
from imgforge_mcp.storage.registry.contract import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Matting:
    """Its name, and what cuts a picture out by it."""

    name: str
    cut_out: Callable[[bytes], Awaitable[bytes]]


VECTOR_SIDE = 512
"""Pixels of a drawing's longer side, to see whether it is transparent."""


Difference = tuple[str, str]
"""What was asked for, and what came."""


class Fulfilment:
    """Works on pictures that are in the store already, so that nothing which fails here costs one."""

    def __init__(
        self, registry: Registry, assets: ImageStore, decoder: Decoder, router: Router, matting: Matting | None = None
    ) -> None:
        """`matting` is a model of this machine that cuts out, where one is pulled."""
        self._registry = registry
        self._assets = assets
        self._decoder = decoder
        self._router = router
        self._matting = matting

    async def as_asked(self, asset: Asset, running: RunningJob) -> Asset:
        """The image with the background and at exactly the size that were asked for; one that was made on the way is
        kept beside, and named in a warning."""
        if running.job.request.transform is not None:
            return await self._transformed(asset, running, running.job.request.transform)
        return await self._fitted(await self._on_background(asset, running), running)

    async def shortfalls(self, job: Job) -> tuple[Shortfall, ...]:
        """Every difference between a job's request and its pictures, by the files."""
        request, assets = job.request, job.assets
        if not assets:
            return ()
        return self.shortfalls_on_record(
            job,
            size=await self._transformed_size(request, assets),
            background=await self._background(request, assets),
        )

    def shortfalls_on_record(
        self, job: Job, *, size: Difference | None = None, background: Difference | None = None
    ) -> tuple[Shortfall, ...]:
        """Those that the record alone tells, and with them what somebody has found in the files. Pure."""
        request, assets = job.request, job.assets
        served = self._router.served(request, job.provider or "", job.model or "")
        found = [
            served and (f"tier {request.quality_tier.value}", served),
            _size(request, assets) or size,
            (f"{request.n} images", f"{len(assets)}") if len(assets) < request.n else None,
            background,
            _format(request, assets),
        ]
        return tuple(Shortfall(asked=pair[0], got=pair[1]) for pair in found if pair)

    async def unchanged(self, job: Job) -> int:
        """How many pictures of an edit are what was to be changed. One of another size than the input counts as changed
        where a size was asked for, or where this machine made it."""
        request = job.request
        if not request.is_edit or request.transform is not None or not request.input_images:
            return 0
        try:
            source = await self._registry.assets.find(request.input_images[0])
        except NotFound:  # deleted meanwhile: there is nothing to compare with
            source = None
        is_sized = _asked_size(request) is not None or self._router.is_local(job.provider or "")
        if source is None or source.mime_type == SVG:
            return 0
        return sum([await self._is_same(source, asset, is_sized=is_sized) for asset in job.assets])

    async def _is_same(self, source: Asset, asset: Asset, *, is_sized: bool) -> bool:
        if source.asset_id == asset.asset_id:
            return True
        if asset.mime_type == SVG or (is_sized and (source.width, source.height) != (asset.width, asset.height)):
            return False
        try:
            first, second = [await anyio.to_thread.run_sync(self._assets.read, each) for each in (source, asset)]
            return await self._decoder.is_same(first, second)
        except ForgeError:
            return False

    # Transforms -----------------------------------------------------------------------------------------------------

    async def _transformed(self, asset: Asset, running: RunningJob, transform: Transform) -> Asset:
        """What a provider made of a picture, in the format that was asked for and no larger than it should be; what is
        too small stays so, for enlarging it here would only look like what was asked for."""
        wanted = await self._whole_size(running.job.request)
        try:
            if wanted is not None and asset.mime_type != SVG and _is_larger(asset, wanted):
                width, height = wanted
                came = asset
                asset = await self._made(came, "fit", width=width, height=height, fit="cover")
                running.warnings.append(
                    f"{FITTED} {width}x{height} on this machine; as it came, {came.width}x{came.height}: "
                    f"{came.asset_id[:12]}."
                )
            kind = transform.format
            if kind is not None and transform.operation != "vectorize" and asset.mime_type != KINDS[kind][1]:
                asset = await self._made(asset, "convert", kind=kind)
        except ForgeError as error:
            running.warnings.append(f"Left as it came: {error.message}")
        return asset

    async def _whole_size(self, request: ImageRequest) -> Size | None:
        """How large what was enlarged or extended has to be; None where that does not matter or is not known."""
        if request.transform is None or request.transform.operation not in ("upscale", "extend"):
            return None
        sizes = await input_sizes(self._registry, request)
        return transformed_size(request.transform, sizes[0]) if sizes else None

    async def _transformed_size(self, request: ImageRequest, assets: Sequence[Asset]) -> Difference | None:
        try:
            wanted = await self._whole_size(request)
        except NotFound:  # deleted meanwhile
            wanted = None
        if wanted is None or (assets[0].width, assets[0].height) == wanted:
            return None
        return f"{wanted[0]}×{wanted[1]}", f"{assets[0].width}×{assets[0].height}"

    # Background -----------------------------------------------------------------------------------------------------

    async def _on_background(self, asset: Asset, running: RunningJob) -> Asset:
        wanted = running.job.request.background
        if wanted == "auto" or asset.mime_type == SVG:
            return asset
        is_transparent = wanted == "transparent"
        try:
            if await self._is_transparent(asset) is is_transparent:
                return asset
            made, by = (
                await self._cut_out(asset, running) if is_transparent else (await self._made(asset, "flatten"), "")
            )
        except ForgeError as error:
            what = "Not cut out" if is_transparent else "Not made opaque"
            other = self._cutter(asset, running) if is_transparent else ""
            running.warnings.append(f"{what}{other}: {error.message}")
            return asset
        how = f"{CUT_OUT} by {by}" if is_transparent else "Put on white on this machine"
        running.warnings.append(f"{how}; as it came: {asset.asset_id[:12]}.")
        return made

    async def _cut_out(self, asset: Asset, running: RunningJob) -> tuple[Asset, str]:
        """Cut out, and by what. Raises ForgeError."""
        if self._matting is not None:
            try:
                await self._registry.assets.add(asset)
                data = await anyio.to_thread.run_sync(self._assets.read, asset)
                made = await self._decoder.made(await self._matting.cut_out(data), "convert", kind="png")
                return await self._put(made, asset.seed), self._matting.name
            except ForgeError as error:
                running.warnings.append(f"{self._matting.name} did not cut it out: {error.message}")
        return await self._made(asset, "remove_background"), "its colour"

    def _cutter(self, asset: Asset, running: RunningJob) -> str:
        """Which provider would cut it out, and for how much; nothing where none is there."""
        prices = {
            model.name_in_full: quoted(model, width=asset.width, height=asset.height)
            for model in self._router.cutting_out(running.job.created_at)
        }
        if not prices:
            return ""
        name = min(prices, key=lambda each: (not prices[each].is_known, prices[each].usd))
        price = f" for {dollars(prices[name].usd)}" if prices[name].is_known else ""
        return f"; {name} can do it{price} (transform_image, remove_background)"

    async def _background(self, request: ImageRequest, assets: Sequence[Asset]) -> Difference | None:
        is_cut_out = request.transform is not None and request.transform.operation == "remove_background"
        if request.background == "auto" and not is_cut_out:
            return None
        wanted = is_cut_out or request.background == "transparent"
        wrong = sum([await self._is_transparent(asset) is not wanted for asset in assets])
        if not wrong:
            return None
        count = "" if wrong == len(assets) else f" in {wrong} of {len(assets)}"
        return (
            f"a {'transparent' if wanted else 'opaque'} background",
            f"{'an opaque' if wanted else 'a transparent'} one{count}",
        )

    async def _is_transparent(self, asset: Asset) -> bool:
        """Whether anything of it is less than opaque, by the pixels; what cannot be looked at is not."""
        try:
            data = await anyio.to_thread.run_sync(self._assets.read, asset)
            if asset.mime_type == SVG:
                data = (await self._decoder.as_input(data, VECTOR_SIDE)).data
            return (await self._decoder.measure(data)).has_transparency
        except ForgeError:
            return False

    # Size -----------------------------------------------------------------------------------------------------------

    async def _fitted(self, asset: Asset, running: RunningJob) -> Asset:
        request = running.job.request
        width, height = request.width or asset.width, request.height or asset.height
        if request.fit == "model" or (asset.width, asset.height) == (width, height) or asset.mime_type == SVG:
            return asset
        try:
            fitted = await self._made(asset, "fit", width=width, height=height, fit=request.fit)
        except ForgeError as error:
            running.warnings.append(f"Not fitted to {width}x{height}: {error.message}")
            return asset
        how = "its edges cut" if request.fit == "cover" else "the rest filled"
        running.warnings.append(
            f"{FITTED} {width}x{height} on this machine, {how}; as it came, {asset.width}x{asset.height}: "
            f"{asset.asset_id[:12]}."
        )
        return fitted

    async def _made(self, asset: Asset, operation: str, **options: Any) -> Asset:
        """Another image made from a stored one, in the store too; it keeps the seed. Raises ForgeError."""
        await self._registry.assets.add(asset)
        data = await anyio.to_thread.run_sync(self._assets.read, asset)
        return await self._put(await self._decoder.made(data, operation, **options), asset.seed)

    async def _put(self, made: InputImage, seed: int | None) -> Asset:
        put = partial(self._assets.put, made.data, made.mime_type, made.width, made.height)
        return replace(await anyio.to_thread.run_sync(put), seed=seed)


def _is_larger(asset: Asset, size: Size) -> bool:
    return (asset.width, asset.height) != size and asset.width >= size[0] and asset.height >= size[1]


def _size(request: ImageRequest, assets: Sequence[Asset]) -> Difference | None:
    asked, fits = _asked_size(request), _fits(request)
    wrong = [asset for asset in assets if not fits(asset)]
    if asked is None or not wrong:
        return None
    return asked, " and ".join(dict.fromkeys(f"{asset.width}×{asset.height}" for asset in wrong))


def _asked_size(request: ImageRequest) -> str | None:
    if request.width and request.height:
        return f"{request.width}×{request.height}"
    if request.width or request.height:
        return f"{request.width} pixels wide" if request.width else f"{request.height} pixels high"
    return " at ".join(part for part in (request.aspect_ratio, request.image_size) if part) or None


def _fits(request: ImageRequest) -> Callable[[Asset], bool]:
    """Whether an image has the size that was asked for; a drawing has every size of its shape."""
    ratio, side = ratio_of(request.aspect_ratio), CLASS_SIDES.get(request.image_size or "")

    def fits(asset: Asset) -> bool:
        if request.width or request.height:
            width, height = request.width or asset.width, request.height or asset.height
            if asset.mime_type == SVG:
                return _is_shaped(asset, width / height)
            return (asset.width, asset.height) == (width, height)
        is_large = not side or asset.mime_type == SVG or _is_of_class(asset, side)
        return is_large and (ratio is None or _is_shaped(asset, ratio))

    return fits


def _is_shaped(asset: Asset, ratio: float) -> bool:
    return abs(math.log(asset.width / asset.height / ratio)) <= SHAPE_TOLERANCE


def _is_of_class(asset: Asset, side: int) -> bool:
    return abs(math.log(asset.width * asset.height / side**2)) < CLASS_TOLERANCE


def _format(request: ImageRequest, assets: Sequence[Asset]) -> Difference | None:
    wanted = request.output_format
    wrong = [asset.mime_type for asset in assets if wanted and asset.mime_type != FORMATS[wanted.upper()][0]]
    if not wanted or not wrong:
        return None
    return wanted, " and ".join(dict.fromkeys(kind.removeprefix("image/").removesuffix("+xml") for kind in wrong))
