"""Draws the README's contact sheet: python -m tests.benchmarks.contact_sheet OUT.webp [--worst] [--cell 256]."""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from imgforge_mcp.local import draw

BEST = (
    "A serene mountain lake at sunset with reflections",
    "A cinematic close-up of a red fox in an autumn forest",
    "A neon cyberpunk alley at night",
    "A watercolor painting of Mount Fuji at sunrise",
    "three sailboats on the ocean at sunset",
    "a robot reading a book by the fireplace",
    "an astronaut riding a horse on mars",
    "a fox in a scarf in a snowy forest, watercolor",
    "hot air balloons over the desert at sunrise",
    "a lighthouse on the coast in a storm",
    "Abstract geometric shapes in vibrant colors",
    "portrait of a young woman with red hair",
    "A sleek wireless headphone on a marble surface",
    "a windmill in a tulip field",
    "saturn with rings, deep space",
    "a samurai under a cherry blossom tree",
    "a blue whale underwater",
    "a pirate ship at sunset, stained glass",
    "a mountain lake, pencil drawing",
    "a red barn in a meadow, paper cut",
)
WORST = (
    "a horse galloping through the sea",
    "a knight riding a dragon",
    "friends taking a selfie",
    "a ballerina on a stage",
    "the water cycle, diagram",
    "a hand holding a pen",
    "a crowd at a concert",
    "a map of europe",
)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--worst", action="store_true", help="what still looks wrong, instead of the best")
    parser.add_argument("--cell", type=int, default=256)
    parser.add_argument("--columns", type=int, default=5)
    options = parser.parse_args(arguments)
    prompts = WORST if options.worst else BEST
    columns = min(options.columns, len(prompts)) if not options.worst else 4
    rows = -(-len(prompts) // columns)
    sheet = Image.new("RGB", (columns * options.cell, rows * options.cell), "white")
    for number, prompt in enumerate(prompts):
        drawing = draw(prompt, width=512, height=512, seed=11)
        picture = Image.open(io.BytesIO(drawing.data)).resize((options.cell, options.cell), Image.Resampling.LANCZOS)
        sheet.paste(picture, (number % columns * options.cell, number // columns * options.cell))
    if options.out.suffix == ".webp":
        sheet.save(options.out, quality=82, method=6)
    elif options.out.suffix in (".jpg", ".jpeg"):
        sheet.save(options.out, quality=84, optimize=True)
    else:
        sheet.save(options.out, optimize=True)
    print(f"{options.out}: {len(prompts)} pictures, {options.out.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
