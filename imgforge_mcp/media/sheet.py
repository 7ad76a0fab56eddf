"""Several pictures on one numbered sheet, so that whoever looks at a list sees them for the price of one image."""

import io
import math
from collections.abc import Sequence

from imgforge_mcp.media.convert import encoded

CELL = 192
"""Pixels: each picture within a square of that side."""
GAP = 4
MOST = 50
PAPER = (244, 244, 244)


def contact_sheet(pictures: Sequence[tuple[int, bytes | None]]) -> bytes:
    """A JPEG of numbered pictures, row by row; each is a JPEG of our own making, None where there is none. Blocks."""
    from PIL import Image, ImageDraw, ImageFont

    pictures = pictures[:MOST]
    across = min(len(pictures), max(3, math.ceil(math.sqrt(len(pictures)))))
    down = math.ceil(len(pictures) / across)
    step = CELL + GAP
    sheet = Image.new("RGB", (across * step + GAP, down * step + GAP), PAPER)
    drawing, font = ImageDraw.Draw(sheet), ImageFont.load_default(20)
    for place, (number, data) in enumerate(pictures):
        left, top = GAP + place % across * step, GAP + place // across * step
        if data is not None:
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
                picture.draft("RGB", (CELL, CELL))
                shown = picture.convert("RGB")
            shown.thumbnail((CELL, CELL))
            sheet.paste(shown, (left + (CELL - shown.width) // 2, top + (CELL - shown.height) // 2))
        width = 12 + 12 * len(str(number))
        drawing.rectangle((left, top, left + width, top + 26), "black")
        drawing.text((left + 6, top + 1), str(number), "white", font)
    return encoded(sheet, "JPEG", quality=80)
