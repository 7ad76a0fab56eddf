"""What the manifests declare: where each provider is, whose key it wants, and who else may see that key."""

import pytest

from imgforge_mcp.providers.services import load, names

BEARER = ("Authorization", "Bearer ")
MANIFESTS = {
    "a1111": ("http://127.0.0.1:7860", (), BEARER, ()),
    "bfl": ("https://api.bfl.ai", ("BFL_API_KEY",), ("x-key", ""), (".bfl.ai",)),
    "cloudflare": ("https://api.cloudflare.com", ("CLOUDFLARE_API_TOKEN",), BEARER, ()),
    "comfyui": ("http://127.0.0.1:8188", (), BEARER, ()),
    "fal": ("https://queue.fal.run", ("FAL_KEY",), ("Authorization", "Key "), ("queue.fal.run", "api.fal.ai")),
    "gemini": (
        "https://generativelanguage.googleapis.com",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ("x-goog-api-key", ""),
        (),
    ),
    "huggingface": ("https://router.huggingface.co", ("HF_TOKEN",), BEARER, ()),
    "ideogram": ("https://api.ideogram.ai", ("IDEOGRAM_API_KEY",), ("Api-Key", ""), ()),
    "imgforge": ("https://imgforge.stackbilt.dev", ("IMGFORGE_API_KEY",), BEARER, ()),
    "local": ("", (), BEARER, ()),
    "nvidia": ("https://ai.api.nvidia.com", ("NVIDIA_API_KEY",), BEARER, ()),
    "openai": ("https://api.openai.com", ("OPENAI_API_KEY",), BEARER, ()),
    "openrouter": ("https://openrouter.ai", ("OPENROUTER_API_KEY",), BEARER, ()),
    "pollinations": ("https://gen.pollinations.ai", ("POLLINATIONS_API_KEY",), BEARER, ()),
    "recraft": ("https://external.api.recraft.ai", ("RECRAFT_API_KEY",), BEARER, ()),
    "replicate": ("https://api.replicate.com", ("REPLICATE_API_TOKEN",), BEARER, ("api.replicate.com",)),
    "stability": ("https://api.stability.ai", ("STABILITY_API_KEY",), BEARER, ()),
    "together": ("https://api.together.ai", ("TOGETHER_API_KEY",), BEARER, ("api.together.ai", "api.together.xyz")),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_declares_address_key_and_who_may_see_it(name: str) -> None:
    manifest = load(name).manifest
    auth = (manifest.auth.header, manifest.auth.prefix)
    assert (manifest.base_url, manifest.key_variables, auth, manifest.key_hosts) == MANIFESTS[name]
    assert manifest.needs_key == bool(manifest.key_variables)


@pytest.mark.parametrize("name", names())
def test_no_name_or_alias_belongs_to_two_providers(name: str) -> None:
    mine = {name, *load(name).manifest.aliases}
    for other in names():
        assert other == name or not mine & {other, *load(other).manifest.aliases}


@pytest.mark.parametrize("name", [name for name in names() if name != "local"])
def test_a_provider_is_reached_over_tls_unless_it_is_on_this_machine(name: str) -> None:
    url = load(name).manifest.base_url
    assert url.startswith(("https://", "http://127.0.0.1:"))
    assert not url.endswith("/")
