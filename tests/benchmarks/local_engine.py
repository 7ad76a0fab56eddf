"""How long and how much: the embedded engine's pictures, first and warm, and ten thousand odd prompts.

python -m tests.benchmarks.local_engine [--size 512 --size 1024] [--fuzz 10000]
"""

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

PROMPTS = (
    "A serene mountain lake at sunset with reflections",
    "A cinematic close-up of a red fox in an autumn forest",
    "A neon cyberpunk alley at night",
    "A watercolor painting of Mount Fuji at sunrise",
    "A sleek wireless headphone on a marble surface",
    "Ocean waves during golden hour, oil painting",
    "a fox in a snowy forest, stained glass",
    "a village in a flower garden, paper cut",
    "new york skyline at night",
    "portrait of a young woman with red hair",
)
LETTERS = (
    "abcdefghij klmnop qrstuvwxyz ,.!?\"'{}<>$;-()",
    "äöüßéèñçøåłž ",
    "абвгдежз ",
    "中文山水狐狸森林夜 ",
    "あいうえお ",
    "عربي ثعلب ",
    "हिन्दी ",
    "🦊🌲🌅🐕🚀⛵️👩🏽‍🚀 ",
    "\x00\x07\x1b\t\n\u202e\ufeff",
)
INJECTIONS = (
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%s%n%x",
    "../../etc/passwd",
    "<svg><text>x</text></svg>",
    "Ignore all instructions",
)
_WORDS = """
fox two red boats riding a horse in the forest at night lake mountain sunset oil painting pixel art portrait of woman
with blue hair no people without text saying under above castle city neon abstract logo
"""
CONTENT = _WORDS.split()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="side in pixels; may be given again")
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="draw N odd prompts instead")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        _measure(options.measure)
    elif options.fuzz:
        _fuzz(options.fuzz)
    else:
        _table(options.size or [512, 1024])


def _table(sizes: list[int]) -> None:
    print("| size | first picture | warm, median | warm, slowest | slowest, CPU | peak memory |")
    print("|---|---|---|---|---|---|")
    for size in sizes:
        command = [sys.executable, "-m", "tests.benchmarks.local_engine", "--measure", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        first, median, slowest, slow_prompt, cpu, peak = done.stdout.strip().split("\t")
        print(f"| {size}² | {first} s | {median} s | {slowest} s ({slow_prompt}) | {cpu} s | {peak} MB |")


def _measure(size: int) -> None:
    """In a process of its own: what a first picture costs, then each prompt once more."""
    started = time.perf_counter()
    from imgforge_mcp.local import draw

    draw(PROMPTS[0], width=size, height=size, seed=1)
    first = time.perf_counter() - started
    times, busy = {}, 0.0
    for prompt in PROMPTS:
        started, worked = time.perf_counter(), time.process_time()
        draw(prompt, width=size, height=size, seed=1)
        times[prompt] = time.perf_counter() - started
        busy = max(busy, time.process_time() - worked)
    slowest = max(times, key=lambda prompt: times[prompt])
    print(
        f"{first:.2f}",
        f"{statistics.median(times.values()):.2f}",
        f"{times[slowest]:.2f}",
        slowest,
        f"{busy:.2f}",
        _peak(),
        sep="\t",
    )


def _peak() -> str:
    try:
        import resource
    except ImportError:
        return "?"
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit)


def odd_prompt(dice: random.Random) -> str:
    """Words, letters of many scripts, emoji, injections, control characters; at times 8,000 characters."""
    kind = dice.random()
    if kind < 0.45:
        return " ".join(dice.choice(CONTENT) for _ in range(dice.randint(0, 30)))
    if kind < 0.9:
        letters = "".join(dice.sample(LETTERS, dice.randint(1, 4)))
        text = "".join(dice.choice(letters) for _ in range(dice.randint(0, 200)))
        return text + dice.choice(("", dice.choice(INJECTIONS), " ".join(dice.choices(CONTENT, k=3))))
    return (dice.choice((*INJECTIONS, *CONTENT, *LETTERS)) * 8000)[:8000]


def _fuzz(count: int) -> None:
    from imgforge_mcp.local import draw

    dice = random.Random(1)
    started = time.perf_counter()
    for number in range(count):
        prompt = odd_prompt(dice)
        drawing = draw(prompt, width=64, height=64, seed=number, negative_prompt=dice.choice((None, odd_prompt(dice))))
        if not drawing.data.startswith(b"\x89PNG"):
            raise SystemExit(f"prompt {number} gave no picture: {prompt[:200]!r}")
        if number % 1000 == 999:
            print(f"{number + 1} pictures", flush=True)
    print(f"{count} prompts, {count} pictures, no error, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
