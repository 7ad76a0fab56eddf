"""`python -m tests.benchmarks [NAME …]` measures every figure (or those named) and prints them as a Markdown table."""

import argparse
import importlib
import signal
import sys
import tempfile
from pathlib import Path

from tests.benchmarks._figure import HEADER, Figure

NAMES = ("start", "overhead", "detached", "concurrency", "refused", "memory", "registry", "growth", "page")


def main() -> int:
    """Exit code 1 when an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; left out: all")
    names = parser.parse_args().names or NAMES
    if wrong := [name for name in names if name not in NAMES]:
        parser.error(f"no figure {wrong[0]!r}; there are {', '.join(NAMES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or what is killed would leave its files behind
    is_all_met = True
    print(HEADER, flush=True)
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.benchmarks.{name}")
        with tempfile.TemporaryDirectory(prefix="imgforge-benchmark-") as folder:
            figures: list[Figure] = module.measure(Path(folder))
        print(*(figure.row() for figure in figures), sep="\n", flush=True)
        is_all_met = is_all_met and not any(figure.is_met is False for figure in figures)
    return 0 if is_all_met else 1


if __name__ == "__main__":
    sys.exit(main())
