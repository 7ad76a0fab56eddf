"""What `--help` says: within 80 columns, and of everything that is to be chosen which there is."""

import argparse

import pytest

from imgforge_mcp.cli.install.clients import CLIENTS
from imgforge_mcp.cli.parser import build_parser


def helps() -> dict[str, str]:
    """By command, the program's own under no name."""
    parser = build_parser()
    [commands] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {"": parser.format_help(), **{name: each.format_help() for name, each in commands.choices.items()}}


def test_no_line_of_help_is_wider_than_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert [(name, line) for name, text in helps().items() for line in text.splitlines() if len(line) > 80] == []


def test_what_is_to_be_chosen_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = helps()
    assert all(client.name in shown["install"] for client in CLIENTS)
    assert "photo, logo" in shown["models"]
