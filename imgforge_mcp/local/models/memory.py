"""How much memory there is, and how much a model takes: asked before one is loaded, so that nothing else is ended."""

from pathlib import Path

GIB = 1024**3
RESERVE = GIB
"""For the picture itself, beside the weights: activations of one megapixel or so."""
GROWTH = 1.5
"""Of the weights once they are loaded: some are unpacked or laid out anew."""
_GROUP = Path("/sys/fs/cgroup")


def estimated(weights: int) -> int:
    """Bytes that a pipeline of so many bytes of weights takes, as long as nobody has measured it."""
    return round(weights * GROWTH) + RESERVE


def available() -> int:
    """Bytes that can be taken without swapping, within this process's own bounds."""
    import psutil

    free = int(psutil.virtual_memory().available)
    bound = _bound("memory.max")
    return free if bound is None else min(free, max(0, bound - (_bound("memory.current") or 0)))


def total() -> int:
    """Bytes that this machine, or this container, has."""
    import psutil

    size = int(psutil.virtual_memory().total)
    bound = _bound("memory.max")
    return size if bound is None else min(size, bound)


def gib(count: int) -> str:
    return f"{count / GIB:.1f} GiB"


def _bound(name: str) -> int | None:
    """A figure of the control group that this process is in, where Linux has put it into one."""
    try:
        return int((_GROUP / name).read_text())
    except (OSError, ValueError):  # no such file elsewhere; "max" where there is no bound
        return None
