"""Ten thousand odd prompts, each of which gives a picture: python -m tests.benchmarks.odd_prompts [COUNT]."""

import argparse
import random
import time

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


def main() -> None:
    from imgforge_mcp.local import draw

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    count = parser.parse_args().count
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
