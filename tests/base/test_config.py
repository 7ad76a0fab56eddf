"""Settings: environment before file before default; a wrong value names its variable or its entry."""

from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.base.config import Config, load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.providers.configured import settings_of
from imgforge_mcp.providers.services import load

TOGETHER = load("together").manifest
CLOUDFLARE = load("cloudflare").manifest

SETTINGS: list[tuple[str, str, str, Any]] = [
    ("IMGFORGE_HOME", "/srv/imgforge", "home", Path("/srv/imgforge")),
    ("IMGFORGE_SYNC_WAIT", "12.5", "sync_wait", 12.5),
    ("IMGFORGE_JOB_DEADLINE", "90", "job_deadline", 90.0),
    ("IMGFORGE_PREVIEW", "off", "preview", False),
    ("IMGFORGE_PREVIEW_MAX_PX", "256", "preview_max_px", 256),
    ("IMGFORGE_RESOURCE_LINKS", "OFF", "resource_links", False),
    ("IMGFORGE_STRUCTURED", "on", "structured", True),
    ("IMGFORGE_TOOLS", "core", "tools", ("generate_image", "list_models", "check_job")),
    ("IMGFORGE_LOCAL_FALLBACK", "true", "local_fallback", True),
    ("IMGFORGE_CACHE_MAX_BYTES", "1000000", "cache_max_bytes", 1_000_000),
    ("IMGFORGE_OUTPUT_DIRS", "/a:/b", "output_dirs", (Path("/a"), Path("/b"))),
    ("IMGFORGE_MAX_COST_USD", "0.05", "max_cost_usd", 0.05),
    ("IMGFORGE_DAILY_BUDGET_USD", "1", "daily_budget_usd", 1.0),
    ("IMGFORGE_MONTHLY_BUDGET_USD", "0", "monthly_budget_usd", 0.0),
    ("IMGFORGE_LOG_LEVEL", "DEBUG", "log_level", "debug"),
    ("IMGFORGE_WAIT_VALUE", "0.001", "wait_value", 0.001),
    ("IMGFORGE_ALLOW_LOCAL_PATHS", "yes", "allow_local_paths", True),
]
WRONG = [
    ("IMGFORGE_HOME", "relative/path"),
    ("IMGFORGE_SYNC_WAIT", "0"),
    ("IMGFORGE_SYNC_WAIT", "soon"),
    ("IMGFORGE_SYNC_WAIT", "nan"),
    ("IMGFORGE_SYNC_WAIT", "inf"),
    ("IMGFORGE_JOB_DEADLINE", "-5"),
    ("IMGFORGE_PREVIEW", "perhaps"),
    ("IMGFORGE_PREVIEW_MAX_PX", "-1"),
    ("IMGFORGE_PREVIEW_MAX_PX", "wide"),
    ("IMGFORGE_PREVIEW_MAX_PX", "0"),
    ("IMGFORGE_CACHE_MAX_BYTES", "5 GiB"),
    ("IMGFORGE_OUTPUT_DIRS", "pictures"),
    ("IMGFORGE_MAX_COST_USD", "-0.01"),
    ("IMGFORGE_MAX_COST_USD", "nan"),
    ("IMGFORGE_DAILY_BUDGET_USD", "lots"),
    ("IMGFORGE_LOG_LEVEL", "loud"),
    ("IMGFORGE_TOOLS", "generate_image, draw"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.touch()
    return path


def configured(file: Path, text: str = "", **variables: str) -> Config:
    file.write_text(text, "utf-8")
    return load_config({"IMGFORGE_CONFIG": str(file), **variables})


@pytest.mark.parametrize(("variable", "text", "name", "value"), SETTINGS)
def test_a_variable_sets_its_value(variable: str, text: str, name: str, value: Any, file: Path) -> None:
    assert getattr(configured(file, **{variable: text}), name) == value


@pytest.mark.parametrize(("variable", "text", "name", "value"), SETTINGS)
def test_the_file_has_the_same_setting_and_the_variable_wins(
    variable: str, text: str, name: str, value: Any, file: Path
) -> None:
    key = variable.removeprefix("IMGFORGE_").lower()
    entry = f'{key} = "{text}"'
    default = getattr(configured(file), name)
    assert getattr(configured(file, entry), name) == value != default
    assert getattr(configured(file, entry, **{variable: "  "}), name) == value
    assert getattr(configured(file, f'{key} = "wrong"', **{variable: text}), name) == value


def test_every_setting_is_tried_here() -> None:
    known = {entry.metadata["variable"] for entry in Config.__dataclass_fields__.values() if entry.metadata}
    assert known == {variable for variable, *_ in SETTINGS}


@pytest.mark.parametrize(("variable", "text"), WRONG)
def test_a_wrong_value_names_its_variable(variable: str, text: str, file: Path) -> None:
    with pytest.raises(ConfigError, match=variable):
        configured(file, **{variable: text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("preview = 3", "preview", id="wrong value"),
        pytest.param("previw = true", "previw", id="unknown entry"),
        pytest.param("preview =", "TOML", id="no TOML"),
        pytest.param("[providers]\ntogether = 3", "shape", id="wrong shape"),
        pytest.param('[[servers]]\nname = "x"', "shape", id="server without address"),
        pytest.param('[[servers]]\nname = "x"\nbase_url = "http://h"\ncolour = 1', "colour", id="unknown in server"),
        pytest.param("provider_order = 3", "shape", id="order that is none"),
    ],
)
def test_a_wrong_file_names_the_entry(text: str, said: str, file: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        configured(file, text)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="IMGFORGE_CONFIG"):
        load_config({"IMGFORGE_CONFIG": str(tmp_path / "none.toml")})


@pytest.mark.parametrize(
    ("text", "variables", "key"),
    [
        pytest.param("", {"TOGETHER_API_KEY": " canary-key "}, "canary-key", id="variable"),
        pytest.param("", {"TOGETHER_API_KEY_FILE": "{file}"}, "canary-from-file", id="key file"),
        pytest.param('[providers.together]\napi_key = "canary-table"', {}, "canary-table", id="configuration"),
        pytest.param(
            '[providers.together]\napi_key = "canary-table"',
            {"TOGETHER_API_KEY": "canary-key"},
            "canary-key",
            id="both",
        ),
    ],
)
def test_a_key_comes_from_variable_file_or_configuration(
    text: str, variables: dict[str, str], key: str, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("canary-from-file\n")
    given = {name: value.replace("{file}", str(tmp_path / "key")) for name, value in variables.items()}
    config = configured(file, text, **given)
    settings = settings_of(config, TOGETHER)
    assert settings is not None
    assert settings.key == key
    assert key in config.secrets()
    assert key not in repr(settings)
    assert key not in repr(config)


def test_a_key_file_that_cannot_be_read_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TOGETHER_API_KEY_FILE"):
        settings_of(configured(file, TOGETHER_API_KEY_FILE=str(tmp_path / "none")), TOGETHER)


def test_without_all_it_needs_a_provider_is_not_configured(file: Path) -> None:
    assert settings_of(configured(file), TOGETHER) is None
    assert settings_of(configured(file, CLOUDFLARE_API_TOKEN="canary-key"), CLOUDFLARE) is None
    assert settings_of(configured(file, CLOUDFLARE_ACCOUNT_ID="account"), CLOUDFLARE) is None
    both = settings_of(configured(file, CLOUDFLARE_API_TOKEN="canary-key", CLOUDFLARE_ACCOUNT_ID="account"), CLOUDFLARE)
    assert both is not None
    assert both.settings == {"account_id": "account"}


def test_a_provider_can_be_switched_off(file: Path) -> None:
    text = "[providers.together]\nenabled = false"
    assert settings_of(configured(file, text, TOGETHER_API_KEY="canary-key"), TOGETHER) is None


@pytest.mark.parametrize(
    ("url", "used"),
    [
        pytest.param("http://127.0.0.1:8080", "http://127.0.0.1:8080", id="loopback"),
        pytest.param("https://host/prefix/", "https://host/prefix", id="prefix"),
        pytest.param("https://host/v1", "https://host", id="with v1"),
        pytest.param("https://host/v1/", "https://host", id="with v1 and slash"),
    ],
)
def test_a_base_url_is_taken_as_the_users_word(url: str, used: str, file: Path) -> None:
    settings = settings_of(configured(file, TOGETHER_API_KEY="canary-key", IMGFORGE_TOGETHER_BASE_URL=url), TOGETHER)
    assert settings is not None
    assert (settings.base_url, settings.is_override) == (used, True)


@pytest.mark.parametrize("url", ["host", "ftp://host", "https://", "https://u:p@host", "https://host?x=1", "file:///x"])
def test_a_base_url_that_is_none_names_its_variable(url: str, file: Path) -> None:
    config = configured(file, TOGETHER_API_KEY="canary-key", IMGFORGE_TOGETHER_BASE_URL=url)
    with pytest.raises(ConfigError, match="IMGFORGE_TOGETHER_BASE_URL"):
        settings_of(config, TOGETHER)


def test_limits_templates_servers_and_order_come_from_the_file(file: Path) -> None:
    text = """
    provider_order = ["fal", "together"]
    [providers.together]
    per_minute = 3
    concurrency = 2
    [templates.poster]
    prompt = "bold"
    n = 2
    [[servers]]
    name = "box"
    base_url = "http://192.168.1.5:8080"
    models = [{ id = "sd" }]
    """
    config = configured(file, text, TOGETHER_API_KEY="canary-key")
    settings = settings_of(config, TOGETHER)
    assert settings is not None
    assert (settings.limits.per_minute, settings.limits.per_day, settings.limits.concurrency) == (3, None, 2)
    assert config.provider_order == ("fal", "together")
    assert (config.templates["poster"].prompt, config.templates["poster"].values) == ("bold", {"n": 2})
    assert [(server.name, server.base_url) for server in config.servers] == [("box", "http://192.168.1.5:8080")]


def test_a_limit_that_is_no_number_is_named(file: Path) -> None:
    config = configured(file, '[providers.together]\nper_day = "many"', TOGETHER_API_KEY="canary-key")
    with pytest.raises(ConfigError, match=r"providers\.together\.per_day"):
        settings_of(config, TOGETHER)
