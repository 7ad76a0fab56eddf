"""Words from outside steer no terminal and begin no record of a log: escapes, line ends, directions of writing."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from imgforge_mcp.base.legible import legible
from tests.e2e import _program
from tests.faults._processes import PATIENCE, Child

pytestmark = pytest.mark.long

FORGED = "2026-01-01 00:00:00,000 ERROR root: forged"
STEERING = f"a fox\n{FORGED} \x1b[2J\x1b]0;title\x07\x9b31m\r\x08\x7f\u202egnp.exe\u2066x\u2069"
STRANGE = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")


def check(shown: str) -> None:
    """Nothing but what can be seen, joiners and the program's own line ends."""
    assert not [each for each in shown if unicodedata.category(each) in STRANGE and each not in "\n\u200b\u200c\u200d"]
    assert not re.search(f"^{FORGED}", shown, re.MULTILINE)


def test_a_log_has_no_record_that_a_client_has_written(environment: dict[str, str], tmp_path: Path) -> None:
    settings = environment | {"IMGFORGE_LOG_LEVEL": "debug"}
    with (tmp_path / "stderr").open("wb") as stderr, Child(settings, stderr) as child:
        child.greet()
        child.write(json.dumps({"jsonrpc": "2.0", "method": f"notifications/{STEERING}"}).encode() + b"\n")
        child.ask("tools/call", {"name": STEERING, "arguments": {STEERING: 1}})
        child.end("stdin_eof")
        assert child.process.wait(PATIENCE) == 0
    said = (tmp_path / "stderr").read_text("utf-8")
    assert "forged" in said, "the SDK tells of methods that it does not know"
    check(said)


@pytest.mark.parametrize("words", [["jobs"], ["jobs", "ID"], ["jobs", "--json"], ["jobs", "ID", "--json"]])
def test_the_command_line_shows_a_prompt_and_is_not_steered_by_it(
    environment: dict[str, str], tmp_path: Path, words: list[str]
) -> None:
    account = _program.fresh_account(tmp_path / "somebody", **environment)
    with Child(environment) as child:
        answer = child.greet().call("generate_image", prompt=STEERING, width=64, height=64)
    job = json.loads(answer["content"][0]["text"])["job_id"]
    shown = _program.run(account, *(job if word == "ID" else word for word in words))
    assert shown.stdout
    check(shown.stdout)
    check(shown.stderr)
    if "--json" in words:
        assert json.loads(shown.stdout)


def test_what_is_made_legible_is_the_same_value_of_json() -> None:
    value = {"a": f"{STEERING} \u2028\U000e0041 n\u00e9 \u00a0 \U0001f600"}
    shown = legible(json.dumps(value, ensure_ascii=False), "")
    check(shown)
    assert json.loads(shown) == value
