"""Some storage calls of a picture's life at which the process dies or the system refuses; `points` plays all."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.points import DEATH, Point, Stage, can_trace

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not can_trace(), reason="needs strace, and the right to attach it to a process"),
]
POINTS = [
    Point("fdatasync", 1, DEATH),
    Point("fdatasync", 2, DEATH),
    Point("rename", 1, DEATH),
    Point("fsync", 1, DEATH),
    Point("mkdir", 1, DEATH, is_first=True),
    Point("pwrite64", 3, "ENOSPC", lasts=True),
    Point("fsync", 1, "EIO"),
    Point("rename", 1, "EROFS"),
    Point("openat", 2, "EMFILE", lasts=True),
    Point("mkdir", 1, "EROFS", is_first=True),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(Path(tmp_path_factory.mktemp("points")), stack)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_nothing_is_lost_or_sent_twice_and_the_next_start_needs_no_hand(stage: Stage, point: Point) -> None:
    stage.play(point)
