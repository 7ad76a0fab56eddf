"""The named queries of a `.sql` file: `-- name: x`, comment lines, one statement."""

import re
from importlib import resources

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries() -> dict[str, str]:
    text = resources.files(__package__).joinpath("queries.sql").read_text("utf-8")
    _, *parts = NAME.split(text)
    return {name: _statement(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def load_migrations() -> list[tuple[str, str]]:
    """The migrations by name, in order; append-only."""
    folder = resources.files(__package__).joinpath("migrations")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in files]


def _statement(body: str) -> str:
    return "\n".join(line for line in body.strip().splitlines() if not line.startswith("--")).rstrip(";")
