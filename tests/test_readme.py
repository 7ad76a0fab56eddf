"""What the README shows works."""

import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ContentRefused
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.contract import Call, Images, Provider, Reply, Request
from tests import recipes
from tests.e2e._program import fresh_account
from tests.readme_tables import README

PIXEL = "iVBORw0KGgo="


def test_the_provider_that_the_readme_shows_is_a_whole_one() -> None:
    [program] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(program, names)
    provider = names["PROVIDER"]
    assert isinstance(provider, Provider)
    call = Call(model=load_catalog().models[0], prompt="a fox", seed=7)
    request = provider.submit(call)
    assert isinstance(request, Request)
    assert request.json is not None
    assert request.json["seed"] == 7
    reply = Reply(status=200, headers={}, body=json.dumps({"image": PIXEL}).encode())
    images = provider.parse(reply, call)
    assert isinstance(images, Images)
    assert images.pictures[0].data == b"\x89PNG\r\n\x1a\n"
    refusal = Reply(status=400, headers={}, body=b'{"error": {"code": "OFF_POLICY"}}')
    assert isinstance(provider.failure(refusal, call), ContentRefused)


def test_the_provider_that_the_readme_shows_is_short() -> None:
    [program] = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len([line for line in program.splitlines() if line.strip()]) <= 40


def test_the_configuration_file_that_the_readme_shows_is_taken(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "config.toml"
    path.write_text(example, "utf-8")
    config = load_config({"IMGFORGE_CONFIG": str(path), "IMGFORGE_HOME": str(tmp_path)})
    catalog = load_catalog(config.catalog)
    assert catalog.find("my-flux")[0].provider == "mybox"
    assert set(open_configured(config, catalog)) == {"local", "mybox", "together"}
    assert "product" in config.templates


MADE = {
    "1-edit-a-photograph": {"painted.png", "square.jpg", "large.jpg", "small.webp"},
    "2-transparent-logo": {"logo.png", "favicon.ico", "logo.webp", "logo.svg", "cut.png"},
    "3-batch-for-a-shop": {"products.txt", "mug.png", "shirt.png", "mug-square.webp"},
    "4-pipeline": {"job.json", "assets.json"},
    "5-server-with-keys": {"key.txt", "fox.json"},
    "6-cluster": {"key.txt", "harbour.png"},
    "7-own-models": set[str](),
}
"""The recipes in the README's order, and which files each leaves."""


@pytest.mark.skipif(os.name != "posix", reason="the recipes are written for a POSIX shell")
@pytest.mark.parametrize("recipe", MADE)
def test_a_recipe_runs_as_it_stands(recipe: str, tmp_path: Path) -> None:
    account, folder = fresh_account(tmp_path / "somebody"), tmp_path / "work"
    folder.mkdir()
    Image.new("RGB", (256, 192), "orange").save(folder / "photo.jpg")
    answer = recipes.run(recipes.commands_of(recipe), account, folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert {path.name for path in folder.rglob("*.*")} - {"photo.jpg"} == MADE[recipe]


@pytest.mark.parametrize("page", [README, *sorted(recipes.FOLDER.iterdir())], ids=lambda page: page.stem)
def test_the_settings_that_a_page_shows_are_taken(page: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("\n".join(re.findall(r"```ini\n(.*?)```", page.read_text("utf-8"), re.DOTALL)), "utf-8")
    config = load_config({"IMGFORGE_CONFIG": str(path), "IMGFORGE_HOME": str(tmp_path), "AZURE_OPENAI_API_KEY": "k"})
    assert load_catalog(config.catalog).models


def test_the_readme_names_every_recipe_in_order() -> None:
    [chapter] = re.findall(r"## Recipes\n(.*?)\n## ", README.read_text("utf-8"), re.DOTALL)
    assert re.findall(r"\(examples/recipes/([^)]+)\.md\)", chapter) == list(MADE)
    assert sorted(path.stem for path in recipes.FOLDER.iterdir()) == list(MADE)


def test_the_buttons_of_the_readme_say_what_the_clients_read() -> None:
    text = README.read_text("utf-8")
    [vscode] = re.findall(r"vscode:mcp/install\?(\S+?)\)", text)
    [cursor] = re.findall(r"config=(\w+)\)", text)
    button = json.loads(unquote(vscode))
    assert button["inputs"][0]["password"] is True
    assert button["env"] == {"GEMINI_API_KEY": f"${{input:{button['inputs'][0]['id']}}}"}
    assert json.loads(base64.b64decode(cursor)) == {"command": "imgforge-mcp", "args": []}


def test_the_pictures_that_the_readme_shows_are_there() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text("utf-8")):
        assert (README.parent / path).is_file(), path
