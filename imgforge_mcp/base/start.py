"""How a process starts sooner: while its modules load nobody looks for garbage among them, for there is none. Standard
library alone."""

import gc


def begin() -> None:
    """Before anything is loaded."""
    gc.disable()


def end() -> None:
    """Everything that matters has been loaded: it stays, and is not looked through again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
