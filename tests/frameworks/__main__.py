"""`python -m tests.frameworks [WORD …]`: installs each framework (or those whose title has a WORD in it) into an
environment of its own, lets it draw with our server, and prints what reached its model as the README's table.

Exit code 1 where a picture or its path did not arrive, or where a model's provider would refuse what was sent.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

from tests.e2e._program import fresh_account
from tests.frameworks._frameworks import FRAMEWORKS, Framework
from tests.frameworks._judge import judged
from tests.frameworks._model import Model

PROGRAMS = Path(__file__).parent / "programs"
ROOT = PROGRAMS.parents[2]
FOLDER = Path(os.environ.get("IMGFORGE_TEST_FRAMEWORKS_DIR") or Path(tempfile.gettempdir()) / "imgforge-frameworks")
INSTALL_SECONDS, RUN_SECONDS = 1200, 240


class Server(TypedDict):
    """How a client starts ours."""

    command: str
    args: list[str]
    env: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one framework."""

    version: str
    arrived: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        return bool(self.arrived) and not self.faults


def main(words: list[str]) -> int:
    chosen = [each for each in FRAMEWORKS if not words or any(word.lower() in each.title.lower() for word in words)]
    print("| framework | version | model's API | reaches the model | would be refused |\n|---|---|---|---|---|")
    outcomes = []
    for framework, model in ((each, model) for each in chosen for model in each.models):
        outcome = tried(framework, model)
        outcomes.append(outcome)
        told = f"{model}, `IMGFORGE_PREVIEW=off`" if model in framework.without_preview else model
        arrived = " and ".join(sorted(outcome.arrived, reverse=True)) or "nothing"
        faults = "; ".join(outcome.faults) or "nothing"
        print(f"| {framework.title} | {outcome.version} | {told} | {arrived} | {faults} |", flush=True)
    print(f"\nimgforge-mcp {version('imgforge-mcp')}, Python {sys.version.split()[0]}", file=sys.stderr)
    return 0 if all(outcome.is_well for outcome in outcomes) else 1


def tried(framework: Framework, name: str) -> Outcome:
    """Install it and let it draw."""
    try:
        place = installed(framework)
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines()
        return Outcome(version="-", faults=(f"cannot be installed: {said[-1][:160] if said else ''}",))
    model = Model()
    with model.serve() as url, tempfile.TemporaryDirectory() as home:
        ended = run(framework, name, place, url, Path(home))
    told = _version(framework, place)
    if len(model.requests) < 2:
        words = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()] or ["no word"]
        return Outcome(version=told, faults=(f"{len(model.requests)} requests to the model: {words[-1][:200]}",))
    found = [judged(path, body) for path, body in model.requests]
    arrived = frozenset(word for words, _ in found[1:] for word in words)
    return Outcome(version=told, arrived=arrived, faults=tuple(dict.fromkeys(f for _, fs in found for f in fs)))


def installed(framework: Framework) -> Path:
    """The environment of its packages, made once."""
    place = FOLDER / framework.program.strip("_")
    if (place / "complete").exists():
        return place
    if framework.is_node:
        place.mkdir(parents=True, exist_ok=True)
        commands = [["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *framework.packages]]
    else:
        pip = [str(_python(place)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        commands = [[sys.executable, "-m", "venv", str(place)], [*pip, *framework.packages]]
    for command in commands:
        cwd = place if framework.is_node else None
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    (place / "complete").touch()
    return place


def run(framework: Framework, model: str, place: Path, url: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Its program, with our server of this tree on an account of its own; what takes too long is ended."""
    account = {**fresh_account(home / "account"), "PYTHONPATH": str(ROOT)}
    if model in framework.without_preview:
        account["IMGFORGE_PREVIEW"] = "off"
    server: Server = {"command": sys.executable, "args": ["-m", "imgforge_mcp"], "env": account}
    environment = {**account, "MODEL_URL": url, "IMGFORGE_SERVER": json.dumps(server), "OPENAI_API_KEY": "k"}
    del environment["PYTHONPATH"]
    command = [str(_python(place)), str(PROGRAMS / f"{framework.program}.py"), model]
    if framework.is_node:
        command = [str(place / "node_modules" / ".bin" / "codex"), "exec", "--skip-git-repo-check", "Draw a red fox."]
        environment["CODEX_HOME"] = str(_codex_home(home, url, server))
    try:
        return subprocess.run(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = error.stderr.decode("utf-8", "replace") if isinstance(error.stderr, bytes) else ""
        return subprocess.CompletedProcess(command, 1, "", f"{said}\nit did not end within {RUN_SECONDS} s")


def _codex_home(home: Path, url: str, server: Server) -> Path:
    """Codex's configuration: the model that is played, and our server."""
    folder = home / "codex"
    folder.mkdir()
    (folder / "config.toml").write_text(
        'model = "gpt-5"\nmodel_provider = "played"\napproval_policy = "never"\nsandbox_mode = "danger-full-access"\n'
        f'[model_providers.played]\nname = "played"\nbase_url = "{url}/v1"\nwire_api = "responses"\n'
        'env_key = "OPENAI_API_KEY"\n[mcp_servers.imgforge]\n'
        f"command = {json.dumps(server['command'])}\nargs = {json.dumps(server['args'])}\n"
        "tool_timeout_sec = 60\nstartup_timeout_sec = 60\nrequired = true\n"
        f"[mcp_servers.imgforge.env]\n"
        + "".join(f"{name} = {json.dumps(value)}\n" for name, value in server["env"].items()),
        "utf-8",
    )
    return folder


def _python(place: Path) -> Path:
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _version(framework: Framework, place: Path) -> str:
    if framework.is_node:
        package = json.loads((place / "node_modules" / framework.shown / "package.json").read_text("utf-8"))
        return str(package["version"])
    program = f"from importlib.metadata import version; print(version({framework.shown!r}))"
    return subprocess.run(
        [str(_python(place)), "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
