"""litellm, which knows Stability, Recraft and fal, against their emulators."""

import base64
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients._picture import described, downloaded
from tests.e2e import _program
from tests.emulators import Emulator

# Without it the import asks the network for a list of prices.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
with warnings.catch_warnings(action="ignore"):
    import litellm
    from litellm import exceptions
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

litellm.suppress_debug_info = True
# It asks pydantic at run time for more than pydantic promises.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

# Name of the emulator, model as litellm calls it, path below which its API starts, path that is called.
MODELS = [
    pytest.param("stability", "stability/stable-image-core", "", "/v2beta/stable-image/generate/core", id="core"),
    pytest.param("stability", "stability/sd3.5-large", "", "/v2beta/stable-image/generate/sd3", id="sd3.5"),
    pytest.param("recraft", "recraft/recraftv3", "", "/v1/images/generations", id="recraft"),
    pytest.param("fal", "fal_ai/fal-ai/flux/schnell", "/run", "/run/fal-ai/flux/schnell", id="fal"),
]


def ask(emulator: Emulator, model: str, prefix: str) -> Any:
    client: Any = HTTPHandler()
    try:
        return litellm.image_generation(
            model=model,
            prompt="a fox",
            api_base=emulator.base_url + prefix,
            api_key=emulator.key,
            max_retries=0,
            client=client,
        )
    finally:
        client.close()


@pytest.mark.parametrize(("name", "model", "prefix", "path"), MODELS)
def test_a_picture_comes(serve: Callable[[str], Emulator], name: str, model: str, prefix: str, path: str) -> None:
    emulator = serve(name)
    (item,) = ask(emulator, model, prefix).data
    data = base64.b64decode(item.b64_json) if item.b64_json else downloaded(item.url)
    assert described(data)[0] in ("PNG", "JPEG", "WEBP")
    assert [call.path for call in emulator.submits] == [path]
    # For Stability it adds a file part of its own invention, to make the form multipart.
    invented = [f"{path}: field 'none' is not documented"] if name == "stability" else []
    assert emulator.surprises == invented


@pytest.mark.parametrize(("name", "model", "prefix", "path"), MODELS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param("401", exceptions.AuthenticationError, id="401"),
        pytest.param("429", exceptions.RateLimitError, id="429"),
        pytest.param("400", exceptions.BadRequestError, id="400"),
        pytest.param("500", exceptions.InternalServerError, id="500"),
    ],
)
def test_an_error_has_its_class(
    serve: Callable[[str], Emulator],
    kind: str,
    error: type[Exception],
    name: str,
    model: str,
    prefix: str,
    path: str,
) -> None:
    emulator = serve(name)
    emulator.fault(kind)
    with pytest.raises(error):
        ask(emulator, model, prefix)
    assert not emulator.submits


def test_a_flagged_request_at_stability_is_a_denied_permission(serve: Callable[[str], Emulator]) -> None:
    emulator = serve("stability")
    emulator.fault("refusal:content_moderation")
    with pytest.raises(exceptions.PermissionDeniedError, match="content_moderation"):
        ask(emulator, "stability/stable-image-core", "")


def test_it_draws_and_is_refused_at_our_own_gateway(
    emulate: Callable[..., Emulator], environment: dict[str, str], tmp_path: Path
) -> None:
    account = _program.fresh_account(tmp_path / "account", **environment, **emulate("openai").environment())
    key = json.loads(_program.run(account, "keys", "create", "team", "--json").stdout)["key"]
    with _program.serve(account) as server:
        asked: dict[str, Any] = {"model": "openai/auto", "prompt": "a fox", "api_base": f"{server.base_url}/v1"}
        made = litellm.image_generation(**asked, api_key=key, n=2, size="1024x1024", max_retries=0)
        assert [image.url.startswith(server.base_url) for image in made.data] == [True, True]
        with pytest.raises(exceptions.AuthenticationError, match="key"):
            litellm.image_generation(**asked, api_key="imgf_live_wrong", max_retries=0)
        with pytest.raises(exceptions.BadRequestError, match="size"):
            litellm.image_generation(**asked, api_key=key, size="huge", max_retries=0)
