"""The named queries of `.sql` files: `-- name: x`, comment lines, one statement. Those beside this file are for every
database, those of a database's own package are what it says in its own words."""

import re
from importlib import resources
from importlib.resources.abc import Traversable

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load_queries(own: str) -> dict[str, str]:
    """Every statement by its name, from all files here and of the package `own`; a name is used once."""
    queries: dict[str, str] = {}
    for package in (__package__, own):
        for name, text in sql_files(resources.files(package)):
            _, *parts = NAME.split(text)
            for query, body in zip(parts[::2], parts[1::2], strict=True):
                assert query not in queries, f"{name}: {query} is there already"
                queries[query] = _statement(body)
    return queries


def sql_files(folder: Traversable) -> list[tuple[str, str]]:
    """The `.sql` files of a folder, by name: each name without its ending, and the text."""
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(entry.name.removesuffix(".sql"), entry.read_text("utf-8")) for entry in files]


def _statement(body: str) -> str:
    return "\n".join(line for line in body.strip().splitlines() if not line.startswith("--")).rstrip(";")
