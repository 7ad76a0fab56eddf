"""Three hundred prompts as newcomers type them, in everyday words and seven languages: nothing in them is passed
over."""

import re
from pathlib import Path

import pytest

from imgforge_mcp.local.account import account_of
from imgforge_mcp.local.language.parse import parse

_LINES = (Path(__file__).parent / "unseen.txt").read_text("utf-8").splitlines()
LINES = [line for line in _LINES if line and not line.startswith("#")]
MARKED = re.compile(r"\[([^\]]+)\]")
CHUNK = 50


@pytest.mark.parametrize("start", range(0, len(LINES), CHUNK))
def test_every_word_that_says_something_is_drawn_or_said_not_to_be(start: int) -> None:
    passed_over = {}
    for line in LINES[start : start + CHUNK]:
        told = entries(MARKED.sub(r"\1", line))
        if silent := [word for word in MARKED.findall(line) if not is_told(word.lower(), told)]:
            passed_over[line] = silent
    assert not passed_over


def entries(prompt: str) -> list[str]:
    """The account of a picture on which nothing was painted: all that would have to be."""
    scene = parse(prompt, style=None, negative=None, width=64, height=64)
    return [entry.lower().replace("\ufe0f", "") for entry in account_of(scene.claims, {}).not_drawn]


def is_told(word: str, told: list[str]) -> bool:
    word = word.replace("\ufe0f", "")
    return any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", entry) for entry in told)
