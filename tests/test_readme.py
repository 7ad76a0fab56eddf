"""What the README shows works."""

import json
import re
from pathlib import Path

from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ContentRefused
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import open_configured
from imgforge_mcp.providers.contract import Call, Images, Provider, Reply, Request
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
