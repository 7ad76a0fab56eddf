"""`python -m tests.faults.simulation --seeds 10000 [--first N] [--processes 2]`: ends with 1 if a seed is broken."""

import argparse
import multiprocessing
import sys

from tests.faults.simulation.run import played


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    jobs = broken = 0
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        seeds = range(options.first, options.first + options.seeds)
        for count, error in pool.imap_unordered(played, seeds, chunksize=20):
            jobs += count
            if error:
                broken += 1
                sys.stdout.write(f"{error}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{options.seeds} seeds, {jobs} jobs, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
