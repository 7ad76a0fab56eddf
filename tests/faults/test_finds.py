"""What long runs have found stays found: every input of the corpus, at its target."""

from contextlib import suppress
from pathlib import Path

import pytest

from imgforge_mcp.base.errors import ForgeError
from tests.faults import tally
from tests.faults.long import FINDS, TARGETS


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_takes_whatever_once_broke_it(name: str) -> None:
    act, sound = TARGETS[name]
    found: list[Path] = sorted((FINDS / name).glob("*"))
    for data in (*sound, *(path.read_bytes() for path in found)):
        tally.tried(1)
        with suppress(ForgeError):
            act(data)
