"""OpenAI's client for JavaScript against our gateway: only the base URL and the key are changed."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.e2e._node import installed_node, parsed
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.emulators._picture import draw

SCRIPT = Path(__file__).with_name("openai.mjs")


def test_openais_client_for_javascript_draws_edits_streams_lists_and_raises_its_own_errors(
    emulate: Callable[..., Emulator], environment: dict[str, str], tmp_path: Path
) -> None:
    node = installed_node({"openai": "7.57.0"})
    account = fresh_account(tmp_path / "account", **environment, **emulate("openai").environment())
    key = json.loads(run(account, "keys", "create", "team", "--json").stdout)["key"]
    picture = tmp_path / "fox.png"
    picture.write_bytes(draw("a fox", 256, 256).data)
    with serve(account) as server:
        arguments = (f"{server.base_url}/v1", key, str(picture))
        script = SCRIPT.read_text("utf-8")
        seen = parsed(node.run("--input-type=module", "-", *arguments, environment=account, script=script))
    assert len(seen["urls"]) == 2
    assert all(url.startswith(server.base_url) for url in [*seen["urls"], seen["edited"]])
    assert seen["inline"] > 1000
    assert seen["events"] == ["image_generation.completed"]
    assert "auto" in seen["models"]
    assert [error["kind"] for error in seen["errors"]] == ["BadRequestError", "AuthenticationError"]
    assert "size" in seen["errors"][0]["message"]
    assert "key" in seen["errors"][1]["message"]
