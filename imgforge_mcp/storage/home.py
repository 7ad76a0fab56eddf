"""The directory that everything durable lives in: made if it is missing, tried before anything relies on it."""

import os
import tempfile
from pathlib import Path

from imgforge_mcp.base.errors import UnusableHome


def prepare_home(home: Path) -> None:
    """Make the directory, owner-only, and write to it once. Blocks.

    Raises:
        UnusableHome: it is a file, or nothing can be written there; the message says what to set.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".tried-", dir=home)
        os.close(descriptor)
        Path(name).unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnusableHome(
            f"IMGFORGE_HOME, {home}, cannot be used ({reason}); make it a directory that this user may write to, or "
            "set another.",
            path=str(home),
            setting="IMGFORGE_HOME",
        ) from None
