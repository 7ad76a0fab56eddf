"""`python -m tests.faults.simulation --seeds 10000 [--first N] [--processes 2]`: ends with 1 if a seed is broken."""

import argparse
import multiprocessing
import sys

from tests.faults.simulation.run import played

TOLD_EVERY = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    tell(f"seeds {seeds.start} to {seeds.stop - 1}")
    jobs = kills = broken = 0
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for done, seed in enumerate(pool.imap_unordered(played, seeds, chunksize=20), 1):
            jobs, kills = jobs + seed.jobs, kills + seed.kills
            if seed.error:
                broken += 1
                tell(seed.error)
            if done % TOLD_EVERY == 0:
                tell(f"{done} seeds, {jobs} jobs, {kills} processes killed, {broken} broken")
    tell(f"{options.seeds} seeds, {jobs} jobs, {kills} processes killed, {broken} broken")
    return 1 if broken else 0


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
