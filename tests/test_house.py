"""The house keeps its own rules: imports, generated tables, documented variables, a light start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from imgforge_mcp.base.config import Config
from imgforge_mcp.providers.configured import all_providers
from tests import emulators
from tests.readme_tables import README, renewed

ROOT = Path(__file__).parent.parent
HEAVY = (
    "PIL",
    "numpy",
    "httpx",
    "httpcore",
    "resvg_py",
    "imgforge_mcp.net.transport",
    "imgforge_mcp.catalog",
    "sqlite3",
)


def test_imports_point_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_readme_tables_are_what_the_code_says() -> None:
    text = README.read_text("utf-8")
    assert renewed(text) == text, "run: python -m tests.readme_tables"


@pytest.mark.parametrize("variable", Config.variables())
def test_every_setting_is_in_the_readme(variable: str) -> None:
    assert f"`{variable}`" in README.read_text("utf-8")


def test_every_emulated_provider_exists() -> None:
    assert set(emulators.names()) <= {provider.manifest.name for provider in all_providers()}


def test_no_name_or_alias_of_a_provider_is_used_twice() -> None:
    names = [name for provider in all_providers() for name in (provider.manifest.name, *provider.manifest.aliases)]
    assert len(names) == len(set(names))


def test_the_server_greets_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys, json\n"
        "from imgforge_mcp.base.config import load_config\n"
        "from imgforge_mcp.mcp.server import create_server\n"
        "from imgforge_mcp.app.lazy import LazyForge\n"
        f"create_server(LazyForge(load_config({{'IMGFORGE_HOME': {str(tmp_path)!r}}})))\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(result.stdout) == []
