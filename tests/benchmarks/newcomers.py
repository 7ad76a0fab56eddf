"""Sixty prompts of newcomers, what their drawings are worth by eye, and the sheets to see it on.

python -m tests.benchmarks.newcomers FOLDER [--first 20] draws them at 768 px, twelve to a sheet, numbered in the order
of this page, and writes README.md beside: each with its scores and what the answer says is not drawn.

Faithfulness: 3 everything that was asked for is there and does what it was said to do; 2 the main things are there,
something smaller is missing or wrong; 1 the main thing is there, most else is not; 0 it is another picture.
Beauty: 3 one would hang it up or send it; 2 pleasant, nothing disturbs; 1 stiff, empty or clumsy; 0 broken.
"""

import argparse
import io
import statistics
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from imgforge_mcp.local import Drawing, draw

SIDE = 768
CELL = 384
COLUMNS = 4
EACH = 12
SEED = 11
TITLE = """# Sixty prompts of newcomers, as the illustrator draws them

Made by `python -m tests.benchmarks.newcomers examples/newcomers`, at 768 px with seed 11; looked at and scored by its
makers.
"""
SCALE = "\nFaithfulness" + (__doc__ or "").partition("Faithfulness")[2]
HEAD = "| | prompt | faithful | beautiful | said not to be drawn |\n|---|---|---|---|---|"
PROMPTS = (
    "a cat wearing a wizard hat",
    "a cozy cabin in the snowy woods at night",
    "an astronaut riding a horse on the moon",
    "a red sports car on a mountain road at sunset",
    "a golden retriever puppy playing in autumn leaves",
    "a bowl of ramen with an egg and chopsticks on a wooden table",
    'logo for a coffee shop called "Bean There"',
    'a birthday card with balloons and a cake that says "Happy Birthday Mia"',
    "a little girl holding a red balloon in the rain",
    "a dragon flying over a castle",
    "portrait of an old man with a white beard",
    "a futuristic city at night with flying cars",
    "a cup of coffee and a book on a table by the window",
    "two kids playing football in the park",
    "a lighthouse on a rocky cliff during a storm",
    "a panda eating bamboo",
    "a unicorn in a field of flowers with a rainbow",
    "a robot sitting on a bench feeding pigeons",
    "a woman in a yellow dress walking on the beach at sunset",
    "a pirate ship in a storm at night",
    "a chocolate cake with strawberries on a white plate",
    "a fox sleeping under a tree",
    "a chef cooking in a kitchen",
    "watercolor painting of a bouquet of roses in a vase",
    "a dinosaur in a city street",
    "a penguin with a scarf on an iceberg",
    "an elephant and a mouse sitting on a park bench",
    "a treehouse in a big oak tree",
    "a knight fighting a dragon",
    "minimalist poster of a mountain with a red sun",
    "a child reading a book under a blanket with a flashlight",
    "a black cat on a windowsill looking at the moon",
    "a farmer with a tractor in a wheat field",
    "a mermaid sitting on a rock in the sea",
    "a snowman with a carrot nose and a blue hat",
    "pixel art of a small house with a garden",
    "an owl on a branch in front of a full moon",
    "a doctor and a nurse in a hospital",
    "a couple dancing in the rain under a street lamp",
    "a train crossing a bridge over a river in autumn",
    "a bicycle leaning against a brick wall",
    "a whale jumping out of the ocean",
    'a wedding invitation with flowers and the words "Anna & Paul"',
    "a spaceship landing on a red planet",
    "a teacher in front of a blackboard in a classroom",
    "a bear fishing in a river",
    "three colorful parrots on a branch",
    "a bee on a sunflower, close up",
    "a street market in Morocco",
    "a baby sleeping in a crib",
    "a steaming pizza on a table",
    "my dog as a superhero with a red cape",
    "an old library with a ladder and a cat",
    "a skateboarder jumping over stairs",
    "a girl with headphones listening to music in her bedroom, anime style",
    "a waterfall in the jungle with a toucan",
    "Christmas tree with presents in a living room with a fireplace",
    "a surfer on a big wave",
    "sunrise over rice terraces with a farmer",
    "a hedgehog with an umbrella, children's book illustration",
)

# faithfulness and beauty of each, in the same order
SCORES = (
    *((3, 2), (3, 3), (3, 2), (2, 2), (2, 2), (3, 2), (3, 2), (3, 3), (3, 2), (3, 2), (3, 3), (3, 3)),
    *((3, 3), (3, 2), (2, 2), (2, 2), (3, 3), (2, 2), (3, 2), (3, 3), (3, 3), (2, 2), (2, 2), (3, 2)),
    *((3, 2), (2, 2), (2, 2), (3, 2), (2, 2), (3, 2), (2, 2), (1, 2), (3, 2), (3, 2), (2, 2), (3, 3)),
    *((3, 3), (2, 2), (3, 2), (3, 3), (2, 3), (2, 2), (3, 3), (2, 3), (2, 2), (2, 2), (3, 3), (3, 2)),
    *((1, 2), (2, 2), (3, 3), (1, 2), (2, 2), (2, 1), (2, 2), (2, 2), (3, 2), (3, 2), (2, 2), (2, 2)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=len(PROMPTS), metavar="N", help="only the first N")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = list[str]()
    for start in range(0, options.first, EACH):
        drawings = [draw(prompt, width=SIDE, height=SIDE, seed=SEED) for prompt in PROMPTS[start : start + EACH]]
        name = f"newcomers-{start // EACH + 1}.webp"
        sheet(drawings, start).save(options.folder / name, quality=82, method=6)
        rows.append(f"![{start + 1} to {start + len(drawings)}]({name})\n\n{HEAD}")
        rows += [row(start + place, drawing) for place, drawing in enumerate(drawings)]
        rows.append("")
        print(f"{options.folder / name}: {len(drawings)} pictures")
    faithful, beautiful = (statistics.mean(score[k] for score in SCORES) for k in (0, 1))
    scored = f"As scored last: faithfulness {faithful:.2f} of 3, beauty {beautiful:.2f}."
    (options.folder / "README.md").write_text("\n".join([TITLE, scored, SCALE, "", *rows]), "utf-8")
    print(scored)


def row(number: int, drawing: Drawing) -> str:
    """A prompt, what its drawing is worth, and what the answer says is not drawn."""
    faithful, beautiful = SCORES[number]
    return (
        f"| {number + 1} | {PROMPTS[number]} | {faithful} | {beautiful} | {', '.join(drawing.not_drawn) or 'nothing'} |"
    )


def sheet(drawings: Sequence[Drawing], start: int) -> Image.Image:
    """Pictures in rows of four, each with its number."""
    whole = Image.new("RGB", (COLUMNS * CELL, -(-len(drawings) // COLUMNS) * CELL), "white")
    for place, drawing in enumerate(drawings):
        picture = Image.open(io.BytesIO(drawing.data)).resize((CELL, CELL), Image.Resampling.LANCZOS)
        ImageDraw.Draw(picture).text((8, 6), str(start + place + 1), "white", stroke_width=2, stroke_fill="black")
        whole.paste(picture, (place % COLUMNS * CELL, place // COLUMNS * CELL))
    return whole


if __name__ == "__main__":
    main()
