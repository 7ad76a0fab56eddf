"""Quoted words, set in type where the picture has room for them."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from imgforge_mcp.local.pixels import from_image, luma, resize
from imgforge_mcp.local.sprites.library import DATA
from imgforge_mcp.local.stage import Stage

_HAND = frozenset({"watercolour", "pencil", "ink", "pastel"})
_ROUND = frozenset({"clay", "papercut", "pop", "anime", "neon"})
# how many texts one picture has room for
SET = 2
_SERIF = frozenset({"cinematic", "oil", "vintage", "noir", "glass"})


def letter(picture: Image.Image, stage: Stage) -> Image.Image:
    """The picture with the scene's text, if it has any."""
    if not stage.scene.text:
        return picture
    styles = set(stage.scene.styles)
    face = (
        "AmaticSC-Bold.ttf"
        if styles & _HAND
        else "FredokaOne-Regular.ttf"
        if styles & _ROUND
        else "SourceSerifPro-Bold.otf"
        if styles & _SERIF
        else "Lato-Black.ttf"
    )
    for number, text in enumerate(stage.scene.text[:SET]):
        if not unwritable((text,)):
            stage.tell(f"text:{number}")
    alone = not stage.scene.subjects and stage.surface == "flat"
    on_card = stage.scene.place == "card"
    side = "lower" if on_card and stage.scene.subjects else ""
    return caption(
        picture,
        stage.scene.text,
        face="SourceSerifPro-Bold.otf" if on_card and not styles & _HAND else face,
        focus=stage.focus,
        middle=alone,
        side=side,
        glow=stage.scene.has("neon"),
        across=0.7 if on_card else 0.86,
    )


def caption(
    picture: Image.Image,
    texts: tuple[str, ...],
    *,
    face: str = "Lato-Black.ttf",
    focus: np.ndarray | None = None,
    middle: bool = False,
    side: str = "",
    glow: bool = False,
    across: float = 0.86,
) -> Image.Image:
    """Sets the first text large and others below it smaller, at the side asked for or where the picture is quieter."""
    width, height = picture.size
    lines = _lines(texts, face, width * across, height * (0.5 if middle else 0.26), min(width, height))
    gap = 1.12
    tall = sum(font.size * gap for _, font in lines)
    side = side or ("middle" if middle else "top" if _upper_is_quieter(picture, focus) else "bottom")
    top = {
        "middle": (height - tall) / 2,
        "top": height * 0.07,
        "bottom": height * 0.94 - tall,
        "lower": height * 0.8 - tall,
    }[side]
    mask = Image.new("L", picture.size)
    draw = ImageDraw.Draw(mask)
    at = top
    for line, font in lines:
        draw.text((width / 2, at), line, font=font, fill=255, anchor="ma")
        at += font.size * gap
    return _ink(picture, mask, max(1.0, lines[0][1].size / 14), glow)


def unwritable(texts: tuple[str, ...]) -> str:
    """The characters that the typefaces do not have."""
    blank = font_of("Lato-Black.ttf", 24).getmask("\uffff").getbbox()
    size = font_of("Lato-Black.ttf", 24).getmask("\uffff").size
    missing = []
    for character in dict.fromkeys("".join(texts)):
        if ord(character) < 0x250 or character in "–—‘’“”…•€":
            continue
        mask = font_of("Lato-Black.ttf", 24).getmask(character)
        if mask.size == size and mask.getbbox() == blank:
            missing.append(character)
    return "".join(missing)


@functools.lru_cache(maxsize=64)
def font_of(face: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(DATA / "fonts" / face, size, layout_engine=ImageFont.Layout.BASIC)


def _lines(
    texts: tuple[str, ...], face: str, width: float, height: float, side: int
) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    found = []
    for order, text in enumerate(texts[:SET]):
        text = " ".join(text.split())
        size = max(9, int(side * (0.16 if order == 0 else 0.07)))
        rows = _wrap(text, face, size, width)
        while size > 9 and (
            len(rows) * size * 1.12 > height
            or len(rows) > 3
            or any(font_of(face, size).getlength(row) > width for row in rows)
        ):
            size = max(9, int(size * 0.9))
            rows = _wrap(text, face, size, width)
        found += [(row, font_of(face, size)) for row in rows[:4]]
    return found


def _wrap(text: str, face: str, size: int, width: float) -> list[str]:
    font = font_of(face, size)
    rows: list[str] = []
    for word in text.split():
        if rows and font.getlength(f"{rows[-1]} {word}") <= width:
            rows[-1] = f"{rows[-1]} {word}"
        else:
            rows.append(word)
    return rows or [""]


def _upper_is_quieter(picture: Image.Image, focus: np.ndarray | None) -> bool:
    tone = luma(from_image(picture.resize((96, 96), Image.Resampling.BOX)))
    busy = np.abs(np.diff(tone, axis=0)).mean(axis=1)
    upper, lower = float(busy[:30].mean()), float(busy[-30:].mean())
    if focus is not None:
        small = resize(focus, 96, 96)
        upper, lower = upper + float(small[:30].mean()), lower + float(small[-30:].mean())
    return upper <= lower * 1.15


def _ink(picture: Image.Image, mask: Image.Image, soft: float, glow: bool) -> Image.Image:
    box = mask.getbbox()
    if not box:
        return picture
    ground = float(luma(from_image(picture.crop(box))).mean())
    light = ground < 0.62 or glow
    ink, shade = ((255, 252, 246), (10, 12, 22)) if light else ((26, 28, 40), (255, 255, 255))
    result = picture.convert("RGB").copy()
    halo = mask.filter(ImageFilter.GaussianBlur(soft * 1.6)).point(lambda v: min(255, int(v * (1.5 if glow else 0.8))))
    result.paste((255, 60, 180) if glow else shade, (0, 0, *result.size), halo)
    edge = mask.filter(ImageFilter.GaussianBlur(soft * 0.35)).point(lambda v: min(150, v))
    result.paste((255, 120, 210) if glow else shade, (0, 0, *result.size), edge)
    result.paste(ink, (0, 0, *result.size), mask)
    return result
