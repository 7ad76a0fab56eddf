"""Whether the tests that hold a reported fault can fail: `python -m tests.faults.undone [NUMBER…]`.

Each entry of undone.toml takes a mending out of a copy of the tree, and the test that it names must fail there. Ends
with 1 if one does not, or if what was to be undone is no longer in the code.
"""

import argparse
import re
import sys
import time
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.faults.reported import HELD, TESTS
from tests.faults.spoiling import NOTICED, Change, copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Change):
    """A mending taken out: `fault` is its number, `test` what must fail then, a place as reported.py has them."""

    fault: str
    meaning: str
    test: str

    @property
    def tests(self) -> list[str]:
        """Those tests, as pytest names them. Raises LookupError: there are none."""
        file, _, beginning = self.test.partition("::")
        if not beginning:
            return [f"tests/{file}"]
        names = re.findall(rf"def (test_{beginning}\w*)\(", _text(TESTS / file))
        if not names:
            raise LookupError(f"there is no {self.test}")
        return [f"tests/{file}::{name}" for name in names]


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


UNDONE = tuple(
    Undone(**entry) for entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["undone"]
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.undone")
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help=f"of {', '.join(HELD)}; all by default")
    numbers = parser.parse_args().numbers or list(HELD)
    wanted = [each for each in UNDONE if each.fault in numbers]
    started, noticed = time.monotonic(), 0
    with copied() as copy:
        for each in wanted:
            how = copy.how(each, each.tests)
            noticed += how == NOTICED
            sys.stdout.write(f"{each.fault:>3}  {each.meaning}: {how}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted)} undone, {noticed} noticed, in {time.monotonic() - started:.0f} s\n")
    return 0 if wanted and noticed == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
