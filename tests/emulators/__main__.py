"""Serve every emulator on loopback and print the variables that point imgforge at them."""

import argparse
import sys
import threading
from contextlib import ExitStack, suppress

from tests import emulators


def main() -> None:
    """`python -m tests.emulators [--port-base 9000]`; without a base the ports are free ones."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("--port-base", type=int, default=0, help="first port; the others follow, one per provider")
    base: int = parser.parse_args().port_base
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        for index, name in enumerate(emulators.names()):
            emulator = emulators.load(name)
            stack.enter_context(emulator.serve(base + index if base else 0))
            for variable, value in emulator.environment().items():
                sys.stdout.write(f"{variable}={value}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
