"""Some hundred seeds of the simulation; `python -m tests.faults.simulation --seeds 10000` plays the others."""

import pytest

from tests.faults.simulation.run import simulate, without_threads

BLOCKS = 20
SEEDS_OF_A_BLOCK = 10


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("block", range(BLOCKS))
def test_whatever_fails_and_whoever_dies_the_books_say_what_happened(block: int) -> None:
    with without_threads():
        seeds = [simulate(seed) for seed in range(block * SEEDS_OF_A_BLOCK, (block + 1) * SEEDS_OF_A_BLOCK)]
    assert sum(seed.jobs for seed in seeds) > SEEDS_OF_A_BLOCK
    assert sum(seed.kills for seed in seeds) >= SEEDS_OF_A_BLOCK // 2
