"""Completion of commands, options and files for the shells, made from the parser itself."""

import argparse
from collections.abc import Iterator

SHELLS = ("bash", "zsh", "fish")
FILES = frozenset({"image", "input", "mask", "out", "path", "tls_cert", "tls_key"})
"""Arguments that name a file."""
HOW = {
    "bash": 'eval "$(imgforge-mcp completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(imgforge-mcp completion zsh)"   # in ~/.zshrc, after compinit',
    "fish": "imgforge-mcp completion fish > ~/.config/fish/completions/imgforge-mcp.fish",
}


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """What the shell is to read; its first line says where it goes."""
    import shtab

    for action in _actions(parser):
        if action.dest in FILES and action.choices is None:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return f"# {HOW[shell]}\n{shtab.complete(parser, shell)}"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)
