"""What people type at a terminal: other words for commands, options and actions, and what a slip is told."""

import json
import shlex
from typing import Any

import pytest

from imgforge_mcp.cli import program
from imgforge_mcp.cli.parser import build_parser
from imgforge_mcp.cli.typed import understood

AS_MEANT = [
    ("gen a fox", "generate a fox"),
    ("draw a fox", "generate a fox"),
    ("GENERATE a fox", "generate a fox"),
    ("generate a fox -n 2", "generate a fox --n 2"),
    ("generate a fox --count=2", "generate a fox --n 2"),
    ("generate -o fox.png a fox", "generate --out fox.png a fox"),
    ("generate a fox --output fox.png", "generate a fox --out fox.png"),
    ("generate a fox --aspect-ratio 16:9", "generate a fox --size 16:9"),
    ("generate a fox --quality Draft", "generate a fox --tier draft"),
    ("generate a fox --Tier ultra-plus", "generate a fox --tier ultra_plus"),
    ("generate a fox --tier ultra+", "generate a fox --tier ultra_plus"),
    ("generate a fox --negative-prompt blur", "generate a fox --negative blur"),
    ("generate a logo --transparent", "generate a logo --background transparent"),
    ("generate --n 2 -- a --count of -n", "generate --n 2 -- a --count of -n"),
    ("edit a.png blur it -o b.png", "edit a.png blur it --out b.png"),
    ("upscale a.png", "transform a.png upscale"),
    ("remove-background a.png --out b.png", "transform a.png remove-background --out b.png"),
    ("transform upscale a.png", "transform a.png upscale"),
    ("transform a.png upscale 4x", "transform a.png upscale --scale 4"),
    ("transform a.png --scale 2 upscale", "transform a.png --scale 2 upscale"),
    ("model", "models"),
    ("models list", "models"),
    ("models pull lcm-dreamshaper", "models --pull lcm-dreamshaper"),
    ("ls", "jobs"),
    ("status", "jobs"),
    ("jobs list", "jobs"),
    ("show 01K", "jobs 01K"),
    ("cancel 01K", "jobs 01K --cancel"),
    ("jobs cancel 01K", "jobs 01K --cancel"),
    ("assets", "assets list"),
    ("asset ls --json", "assets list --json"),
    ("references", "references list"),
    ("refs keep mia a.png", "references add mia a.png"),
    ("keys", "keys list"),
    ("keys --json", "keys list --json"),
    ("key add x", "keys create x"),
    ("keys rm x", "keys revoke x"),
    ("webhooks", "webhooks list"),
    ("cost today", "usage --period day"),
    ("usage all", "usage --period all"),
    ("install Claude_Desktop", "install claude-desktop"),
    ("uninstall cursor", "install cursor --uninstall"),
    ("open", "gallery"),
    ("serve -p 80", "serve --port 80"),
    ("check", "doctor"),
    ("generate --prompt 'a fox' --ar 16:9", "generate 'a fox' --size 16:9"),
    ("generate a fox -t draft -s 64x64 -j", "generate a fox --tier draft --size 64x64 --json"),
    ("edit --image x.png --prompt 'make it blue'", "edit x.png 'make it blue'"),
    ("edit --prompt 'make it blue' --image x.png", "edit x.png 'make it blue'"),
    ("edit x.png --prompt blue --image y.png", "edit x.png blue --input y.png"),
    ("--json jobs", "jobs --json"),
    ("jobs -n 5", "jobs --limit 5"),
    ("stop 01K", "jobs 01K --cancel"),
    ("list models", "models"),
    ("show jobs", "jobs"),
    ("list assets", "assets list"),
    ("models info flux-schnell", "models flux-schnell"),
    ("pull lcm-dreamshaper", "models --pull lcm-dreamshaper"),
    ("export 3f9a fox.png", "assets export 3f9a fox.png"),
    ("verify", "assets verify"),
    ("assets 3f9a02c1", "assets show 3f9a02c1"),
    ("usage --period today", "usage --period day"),
    ("usage this month", "usage --period month"),
    ("install claude code", "install claude-code"),
    ("install VS Code --dry-run", "install vscode --dry-run"),
    ("upscale a.png x4", "transform a.png upscale --scale 4"),
    ("crop a.png 1:1", "transform a.png crop --size 1:1"),
    ("convert a.png to webp", "transform a.png convert --format webp"),
    ("serve 8080", "serve --port 8080"),
    ("serve --bind ::1", "serve --host ::1"),
    ("balance", "usage"),
    ("completions bash", "completion bash"),
    ("--stdio", ""),
    ("stdio", ""),
    ("--transport stdio", ""),
]
SLIPS = [
    ("jobz", "There is no command 'jobz'; did you mean jobs?"),
    ("generate a fox --tierr draft", "There is no option --tierr; did you mean --tier?"),
    ("generate a fox --tier premum", "There is no --tier 'premum'; did you mean premium?"),
    ("generate a fox --seed abc", "--seed takes a whole number, such as 7; not 'abc'."),
    ("serve --workers 0", "--workers takes a whole number from 1 to 64; not '0'."),
    ("serve --workers=-1", "--workers takes a whole number from 1 to 64; not '-1'."),
    ("serve --workers two", "--workers takes a whole number from 1 to 64; not 'two'."),
    (f"serve --workers {'9' * 5000}", f"--workers takes a whole number from 1 to 64; not '{'9' * 5000}'."),
    ("worker --at-once 0", "--at-once takes a whole number from 1 to 1000; not '0'."),
    ("generate a fox --out", "--out wants a value after it."),
    ("generate -50% sale", "There is no option -50%; a word that begins with a dash goes after a lone --."),
    ("edit", "Still missing: image and prompt, such as: imgforge-mcp edit photo.jpg make it winter"),
    ("install", "Still missing: CLIENT, such as: imgforge-mcp install claude-desktop"),
    ("install claude", "There is no CLIENT 'claude'; did you mean claude-desktop or claude-code?"),
    ("references mia", "There is no action 'mia'; there are add, list, remove."),
]


def options(line: str) -> dict[str, Any]:
    return vars(build_parser().parse_args(understood(shlex.split(line))))


@pytest.mark.parametrize(("typed", "meant"), [pytest.param(*pair, id=pair[0]) for pair in AS_MEANT])
def test_what_is_meant_is_done(typed: str, meant: str) -> None:
    assert options(typed) == vars(build_parser().parse_args(shlex.split(meant)))


class NoDoors:
    """Nothing here starts a server."""

    stdio = serve = None


@pytest.mark.parametrize(("typed", "told"), [pytest.param(*pair, id=pair[0]) for pair in SLIPS])
def test_a_slip_is_told_what_would_be_right(typed: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as person:
        program.main(NoDoors(), shlex.split(typed))  # type: ignore[arg-type]
    for_people = capsys.readouterr().err
    with pytest.raises(SystemExit) as by_program:
        program.main(NoDoors(), [*shlex.split(typed), "--json"])  # type: ignore[arg-type]
    for_programs = json.loads(capsys.readouterr().out)
    assert for_people.startswith(f"imgforge-mcp: {told}\n")
    assert told.endswith("?") or "--help shows what there is" in for_people
    assert for_programs["error"] == told or typed.endswith("--out")
    assert (person.value.code, by_program.value.code) == (2, 2)


@pytest.mark.parametrize("command", ["help", "help generate", "--help", "--help generate", "help keys", "help upscale"])
def test_help_is_given_in_the_order_that_it_is_asked_for(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        program.main(NoDoors(), shlex.split(command))  # type: ignore[arg-type]
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith("usage: imgforge-mcp")
