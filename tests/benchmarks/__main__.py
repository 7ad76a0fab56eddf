"""`python -m tests.benchmarks [NAME …]` measures every figure (or those named) and prints them as a Markdown table.

With `--save` they go into `results/VERSION.json` as well, beside what they were measured on.
"""

import argparse
import importlib
import json
import os
import platform
import signal
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgforge_mcp import __version__
from tests.benchmarks._figure import HEADER, Figure

NAMES = (
    "start",
    "overhead",
    "detached",
    "concurrency",
    "refused",
    "memory",
    "registry",
    "growth",
    "scale",
    "page",
    "door",
    "cluster",
    "illustrator",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Exit code 1 when an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; left out: all")
    parser.add_argument("--save", action="store_true", help="keep the figures for this version; others stay")
    options = parser.parse_args()
    names = options.names or NAMES
    if wrong := [name for name in names if name not in NAMES]:
        parser.error(f"no figure {wrong[0]!r}; there are {', '.join(NAMES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or what is killed would leave its files behind
    is_all_met = True
    print(HEADER, flush=True)
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.benchmarks.{name}")
        before = _load()
        with tempfile.TemporaryDirectory(prefix="imgforge-benchmark-") as folder:
            figures: list[Figure] = module.measure(Path(folder))
        print(*(figure.row() for figure in figures), sep="\n", flush=True)
        is_all_met = is_all_met and not any(figure.is_met is False for figure in figures)
        if options.save:
            _save(name, figures, before)
    return 0 if is_all_met else 1


def _load() -> float | None:
    """How many processes have wanted a processor in the last minute; None where the system does not tell."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _save(name: str, figures: list[Figure], load_before: float | None) -> None:
    path = RESULTS / f"{__version__}.json"
    kept: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    kept[name] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": {"before": load_before, "after": _load()},
        "figures": [asdict(figure) for figure in figures],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
