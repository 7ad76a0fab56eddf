"""Whether a test goes each way at every branch of the code that money, keys and files hang on.

`python -m tests.branches` runs the tests that come by that code (`tests.mutation` names it), shows which lines and
branches none of them takes, and ends with 1 where there are any.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutation import JUDGED, ROOT

ALSO = (
    "base/test_types.py",
    "jobs/test_claims.py",
    "mcp/test_joining.py",
    "mcp/test_kept_references.py",
    "mcp/test_slow_lane.py",
)
"""Tests that come by, beside those that judge the changes of `tests.mutation`."""

QUICKLY = ("-q", "-p", "no:cacheprovider", "-k", "not machines")
"""By the registry in a file: it shares this code with those of many machines."""


def main() -> int:
    judged = JUDGED.values()
    sources = {f"imgforge_mcp/{source}" for each in judged for source in each.sources}
    tests = {f"tests/{test}" for each in judged for test in each.tests} | {f"tests/{test}" for test in ALSO}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COVERAGE_FILE": str(Path(folder) / "coverage")}
        for words in (
            ("run", "--branch", f"--include={','.join(sources)}", "-m", "pytest", *QUICKLY, *sorted(tests)),
            ("report", "--show-missing", "--fail-under=100"),
        ):
            ran = subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=environment, check=False)
            if ran.returncode:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
