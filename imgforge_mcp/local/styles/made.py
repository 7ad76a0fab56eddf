"""Made things: flat shapes, cut paper, stained glass, clay, pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from imgforge_mcp.local.pixels import Array, blur, clamp, from_image, grid, luma, mix, resize, rgb, smooth, to_image
from imgforge_mcp.local.styles.brush import Brush, saturate, simplify


def flat(picture: Array, brush: Brush) -> Array:
    """A handful of plain colours with clean edges."""
    soft = simplify(saturate(picture, 1.2), brush, 1.8)
    table = to_image(soft).quantize(20, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    clean = (
        table.filter(ImageFilter.ModeFilter(5))
        if brush.shape[0] * brush.shape[1] < 400_000
        else table.filter(ImageFilter.MedianFilter(5))
    )
    return from_image(clean.filter(ImageFilter.GaussianBlur(0.55)))


def quiet(picture: Array, brush: Brush) -> Array:
    """Before pixels: a little more colour and contrast."""
    return saturate(np.clip((picture - 0.5) * 1.12 + 0.5, 0, 1), 1.2)


def pixelate(picture: Image.Image, *, across: int = 128, colours: int = 28) -> Image.Image:
    """Square blocks of few colours at the final size."""
    block = max(2, round(min(picture.size) / across))
    columns, rows = -(-picture.width // block), -(-picture.height // block)
    small = picture.resize((columns, rows), Image.Resampling.BOX, box=(0, 0, picture.width, picture.height))
    small = small.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).convert("RGB")
    return small.resize((columns * block, rows * block), Image.Resampling.NEAREST).crop(
        (0, 0, picture.width, picture.height)
    )


def papercut(picture: Array, brush: Brush, *, base: Array | None = None, mask: Array | None = None) -> Array:
    """Sheets of coloured card, dark ones in front, each throwing a shadow on the next."""
    soft = simplify(blur(saturate(picture, 1.25), 5 * brush.unit * brush.fine**2), brush, 2.4)
    table = to_image(soft).quantize(9, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    entries = table.getpalette() or [0, 0, 0]
    palette = np.array(entries, np.float32).reshape(-1, 3) / 255
    order = np.argsort(-luma(palette), kind="stable")
    rank = np.zeros(len(palette), np.int32)
    rank[order] = np.arange(len(palette))
    depth = rank[np.asarray(table)]
    sheet: Array = np.broadcast_to(palette[order[0]], picture.shape).astype(np.float32)
    for level in range(1, len(palette)):
        colour = palette[order[level]] * (1 + 0.03 * brush.paper(650 + level))[..., None]
        sheet = _lay_sheet(sheet, colour, (depth >= level).astype(np.float32), brush, brush.fine)
    if base is not None and mask is not None:
        sheet = _lay_sheet(base, sheet, mask, brush, 1.3)
    return clamp(sheet)


def _lay_sheet(below: Array, colour: Array, mask: Array, brush: Brush, lift: float) -> Array:
    mask = blur(mask, 0.8)
    if mask.max() < 0.1:
        return below
    shift = max(1, round(5 * brush.unit * lift))
    thrown = blur(np.roll(mask, (shift, shift), (0, 1)), 6 * brush.unit * lift)
    edge = np.clip(mask - np.roll(mask, (1, 1), (0, 1)), 0, 1) * 0.25
    return mix(
        below * (1 - 0.34 * thrown * (1 - mask))[..., None], np.clip(colour + edge[..., None], 0, 1), mask[..., None]
    )


def glass(picture: Array, brush: Brush) -> Array:
    """Cells of lit glass between lead."""
    height, width = brush.shape
    cell = max(7.0, 37 * brush.unit * (0.42 if brush.fine < 1 else 1.0))
    nearest, gap, owner, count = _cells(brush, cell)
    soft = saturate(simplify(picture, brush), 1.75)
    flat_owner = owner.ravel()
    weight = np.maximum(np.bincount(flat_owner, minlength=count), 1)
    means = np.stack([np.bincount(flat_owner, soft[..., k].ravel(), count) / weight for k in range(3)], -1).astype(
        np.float32
    )
    means = np.clip(means * 1.18 + 0.03, 0, 1)
    streak = brush.noise.field((height, width), 60 * brush.unit, octaves=5, gain=0.6, layer=661)
    body = means[owner] * (1.06 - 0.26 * (nearest / cell) + 0.13 * streak)[..., None]
    body = mix(body, soft, 0.12)
    line = max(1.5, 0.07 * cell)
    lead = 1 - smooth(line, line * 1.7, gap)
    ridge = np.exp(-(((gap - line * 0.5) / (line * 0.4)) ** 2)) * 0.1
    pane = mix(np.clip(body, 0, 1), np.broadcast_to(rgb(22, 22, 28), picture.shape), lead[..., None])
    light = blur(pane * (1 - lead)[..., None], 12 * brush.unit)
    return clamp(pane + light * 0.2 + ridge[..., None])


def _cells(brush: Brush, cell: float) -> tuple[Array, Array, np.ndarray, int]:
    """For each pixel: distance to its seed, gap to the next nearest, and the seed's number; worked out at half size."""
    full, (height, width), cell = brush.shape, ((brush.shape[0] + 1) // 2, (brush.shape[1] + 1) // 2), cell / 2
    rows_of, columns_of = int(height / cell) + 3, int(width / cell) + 3
    jitter = brush.noise.rng(660).uniform(0.12, 0.88, (rows_of, columns_of, 2)).astype(np.float32)
    rows, columns = grid(height, width)
    cell_row, cell_column = (rows / cell).astype(np.int32) + 1, (columns / cell).astype(np.int32) + 1
    best = np.full((height, width), 1e9, np.float32)
    second = best.copy()
    owner = np.zeros((height, width), np.int32)
    for dr in (-1, 0, 1):
        for dc in (-1, 0, 1):
            r, c = np.clip(cell_row + dr, 0, rows_of - 1), np.clip(cell_column + dc, 0, columns_of - 1)
            seed = jitter[r, c]
            distance = np.hypot(
                (cell_row + dr - 1 + seed[..., 0]) * cell - rows, (cell_column + dc - 1 + seed[..., 1]) * cell - columns
            )
            closer = distance < best
            second = np.where(closer, best, np.minimum(second, distance))
            owner = np.where(closer, r * columns_of + c, owner)
            best = np.where(closer, distance, best)
    numbers = owner.repeat(2, axis=0).repeat(2, axis=1)[: full[0], : full[1]]
    return resize(best, *full) * 2, resize(second - best, *full) * 2, numbers, rows_of * columns_of


def clay(picture: Array, brush: Brush) -> Array:
    """Soft bodies under a studio lamp, photographed as a small model."""
    soft = saturate(simplify(picture, brush, 1.5), 1.16)
    body = 0.1 + 0.9 * soft**0.86
    height = blur(luma(soft), 4.5 * brush.unit) * 0.7 + blur(luma(soft), 13 * brush.unit)
    slope_y, slope_x = np.gradient(height)
    strength = 13 / max(brush.unit, 0.25) * 0.55
    thumb = brush.noise.field(brush.shape, 46 * brush.unit, octaves=3, layer=671)
    bump_y, bump_x = np.gradient(thumb)
    x, y = -slope_x * strength - bump_x * 0.9 * brush.fine, -slope_y * strength - bump_y * 0.9 * brush.fine
    z = 1 / np.sqrt(1 + x * x + y * y)
    lambert = np.clip((-0.42 * x - 0.55 * y + 0.72) * z, 0, 1)
    shine = np.clip((-0.24 * x - 0.32 * y + 0.92) * z, 0, 1) ** 40
    lit = body * (0.42 + 0.82 * lambert)[..., None] + (shine * 0.1)[..., None]
    rows, _ = grid(*brush.shape)
    away = np.clip(np.abs(rows / brush.shape[0] - 0.58) * 2.4 - 0.35, 0, 1)
    if brush.fine < 1:
        return clamp(lit)
    return clamp(mix(lit, blur(lit, 7 * brush.unit), (away * np.ones(brush.shape, np.float32))[..., None]))
