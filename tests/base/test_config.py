"""Settings: environment before file before default; nothing misspelt or wrong goes unnoticed, each error names it."""

import re
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.base.config import Config, load_config
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.configured import server_settings, settings_of
from imgforge_mcp.providers.services import load

TOGETHER = load("together").manifest
CLOUDFLARE = load("cloudflare").manifest

SETTINGS: list[tuple[str, str, str, Any]] = [
    ("IMGFORGE_HOME", "/srv/imgforge", "home", Path("/srv/imgforge")),
    ("IMGFORGE_SYNC_WAIT", "12.5", "sync_wait", 12.5),
    ("IMGFORGE_JOB_DEADLINE", "90", "job_deadline", 90.0),
    ("IMGFORGE_PREVIEW", "off", "preview", "off"),
    ("IMGFORGE_PREVIEW_MAX_PX", "256", "preview_max_px", 256),
    ("IMGFORGE_RESOURCE_LINKS", "OFF", "resource_links", "off"),
    ("IMGFORGE_STRUCTURED", "true", "structured", "on"),
    ("IMGFORGE_TOOLS", "core", "tools", ("generate_image", "list_models", "check_job")),
    ("IMGFORGE_LOCAL_FALLBACK", "true", "local_fallback", True),
    ("IMGFORGE_CACHE_MAX_BYTES", "1000000", "cache_max_bytes", 1_000_000),
    ("IMGFORGE_OUTPUT_DIRS", "/a:/b", "output_dirs", (Path("/a"), Path("/b"))),
    ("IMGFORGE_MAX_COST_USD", "0.05", "max_cost_usd", 0.05),
    ("IMGFORGE_DAILY_BUDGET_USD", "1", "daily_budget_usd", 1.0),
    ("IMGFORGE_MONTHLY_BUDGET_USD", "0", "monthly_budget_usd", 0.0),
    ("IMGFORGE_LITELLM_PRICES", "/srv/prices.json", "litellm_prices", Path("/srv/prices.json")),
    ("IMGFORGE_LOG_LEVEL", "DEBUG", "log_level", "debug"),
    ("IMGFORGE_WAIT_VALUE", "0.001", "wait_value", 0.001),
    ("IMGFORGE_ALLOW_LOCAL_PATHS", "yes", "allow_local_paths", True),
    ("IMGFORGE_LOCAL_IDLE_SECONDS", "60", "local_idle_seconds", 60.0),
    ("IMGFORGE_KEEP_DAYS", "30", "keep_days", 30.0),
    ("IMGFORGE_JOIN_REPEATS", "off", "join_repeats", False),
    ("IMGFORGE_CONFIRM_ABOVE_USD", "0.1", "confirm_above_usd", 0.1),
    ("IMGFORGE_WORKER", "inline", "worker", "inline"),
    ("IMGFORGE_DATABASE_URL", "postgresql://me:pw@db/x", "database_url", "postgresql://me:pw@db/x"),
    ("IMGFORGE_STORE_URL", "s3://bucket/prefix/", "store_url", "s3://bucket/prefix"),
    ("IMGFORGE_STORE_REDIRECT", "on", "store_redirect", True),
    ("IMGFORGE_PROXY", "proxy.lan:3128", "proxy", "http://proxy.lan:3128"),
    (
        "IMGFORGE_PRIVATE_HOSTS",
        "NAS.lan, 10.0.0.0/8,[fd00::1]",
        "private_hosts",
        ("nas.lan", "10.0.0.0/8", "fd00::1/128"),
    ),
    ("IMGFORGE_ASSETS_REQUIRE_KEY", "on", "assets_require_key", True),
    ("IMGFORGE_REQUIRE_PROJECT", "on", "require_project", True),
    ("IMGFORGE_CORS_ORIGINS", "https://app.example", "cors_origins", ("https://app.example",)),
    ("IMGFORGE_CLIENT_ADDRESS_HEADER", "X-Real-IP", "client_address_header", "X-Real-IP"),
    ("IMGFORGE_JWT_ISSUER", "https://id.example", "jwt_issuer", "https://id.example"),
    ("IMGFORGE_JWT_AUDIENCE", "imgforge", "jwt_audience", "imgforge"),
    ("IMGFORGE_JWT_JWKS_URL", "http://127.0.0.1/jwks", "jwt_jwks_url", "http://127.0.0.1/jwks"),
    ("IMGFORGE_JWT_TENANT_CLAIM", "org", "jwt_tenant_claim", "org"),
    ("IMGFORGE_ENHANCE_URL", "http://127.0.0.1:11434/v1", "enhance_url", "http://127.0.0.1:11434/v1"),
    ("IMGFORGE_ENHANCE_MODEL", "llama3.2", "enhance_model", "llama3.2"),
    ("IMGFORGE_ENHANCE_API_KEY", "sk-of-the-chat", "enhance_api_key", "sk-of-the-chat"),
    ("IMGFORGE_TRUSTED_PROXIES", "10.0.0.1", "trusted_proxies", ("10.0.0.1/32",)),
    ("IMGFORGE_CORS_STRICT", "on", "cors_strict", True),
    ("IMGFORGE_HOSTED_IMAGES", "off", "hosted_images", False),
    ("IMGFORGE_ANONYMOUS_PER_MONTH", "5", "anonymous_per_month", 5),
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
    ("IMGFORGE_SYNC_WAIT", "1e14"),
    ("IMGFORGE_SYNC_WAIT", "٣"),
    ("IMGFORGE_JOB_DEADLINE", "1e14"),
    ("IMGFORGE_CACHE_MAX_BYTES", "1.9"),
    ("IMGFORGE_CACHE_MAX_BYTES", "1e400"),
    ("IMGFORGE_HOME", "~nosuchuser/imgforge"),
    ("IMGFORGE_OUTPUT_DIRS", "~nosuchuser/pictures"),
    ("IMGFORGE_KEEP_DAYS", "0"),
    ("IMGFORGE_CONFIRM_ABOVE_USD", "-1"),
    ("IMGFORGE_WORKER", "inlined"),
    ("IMGFORGE_DATABASE_URL", "mysql://me@db/x"),
    ("IMGFORGE_STORE_URL", "/srv/pictures"),
    ("IMGFORGE_PROXY", "socks5://127.0.0.1"),
    ("IMGFORGE_PRIVATE_HOSTS", "10.0.0.0/99"),
    ("IMGFORGE_PRIVATE_HOSTS", "http://nas.lan"),
    ("IMGFORGE_CORS_ORIGINS", "https://app.example/path"),
    ("IMGFORGE_JWT_ISSUER", "id.example"),
    ("IMGFORGE_LOCAL_IDLE_SECONDS", "never"),
    ("IMGFORGE_JOIN_REPEATS", "sometimes"),
    ("IMGFORGE_TOGETHER_BASE_URL", "together.lan"),
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
    assert set(Config.variables()) == {variable for variable, *_ in SETTINGS}


@pytest.mark.parametrize(("variable", "text"), WRONG)
def test_a_wrong_value_names_its_variable(variable: str, text: str, file: Path) -> None:
    with pytest.raises(ConfigError, match=variable):
        configured(file, **{variable: text})


SERVER = '[[servers]]\nname = "box"\nbase_url = "http://h"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("preview = 3", "preview is 3; it must be auto, on or off", id="wrong value"),
        pytest.param("previw = true", "no setting previw; did you mean preview?", id="unknown entry"),
        pytest.param("IMGFORGE_PREVIEW = 'on'", "did you mean preview?", id="the variable's name"),
        pytest.param("per_dya = 3", "per_dya belongs into a table, as per_day of [providers.NAME]", id="wrong table"),
        pytest.param("preview =", "TOML", id="no TOML"),
        pytest.param("sync_wait = nan", "sync_wait is nan; it must be a number of seconds", id="NaN"),
        pytest.param("sync_wait = true", "sync_wait is true; it must be a number of seconds", id="truth for a number"),
        pytest.param("cache_max_bytes = 1.9", "cache_max_bytes is 1.9; it must be a whole number", id="part of a byte"),
        pytest.param("output_dirs = [3]", "output_dirs is [3]; it must be a path", id="path that is none"),
        pytest.param("[providers]\ntogether = 3", "[providers] together must be a table", id="no table"),
        pytest.param("[providers.nope]", "[providers.nope]: there is no provider nope; there are a1111", id="provider"),
        pytest.param("[providers.togehter]", "no provider togehter; did you mean together?", id="misspelt provider"),
        pytest.param(
            "[providers.together]\nper_dya = 1",
            "[providers.together]: there is no setting per_dya; did you mean per_day?",
            id="setting of a provider",
        ),
        pytest.param("[providers.fal]\nper_day = 0", "per_day is 0; it must be a whole number of calls", id="no calls"),
        pytest.param("[providers.fal]\nper_day = true", "per_day is true; it must be a whole", id="truth for a count"),
        pytest.param("[providers.fal]\nper_day = 1.5", "per_day is 1.5; it must be a whole number", id="half a call"),
        pytest.param('[providers.fal]\nenabled = "perhaps"', "must be on or off", id="switch"),
        pytest.param('[providers.fal]\nreset_timezone = "Mars/Olympus"', "must be a time zone", id="zone"),
        pytest.param('[providers.fal]\nreset_timezone = "../../etc"', "must be a time zone", id="zone as a path"),
        pytest.param(
            '[providers.fal]\nreset_timezone = "america/los angeles"', "did you mean America/Los_Angeles?", id="nearly"
        ),
        pytest.param('[providers.fal]\nbase_url = "fal.lan"', "must be an http or https address", id="address"),
        pytest.param("[providers.fal]\napi_key = 3", "api_key must be text", id="key that is a number"),
        pytest.param('[[servers]]\nname = "box"', "[servers.box]: base_url must be given", id="server without address"),
        pytest.param(
            f"{SERVER}dialct = 'xai'", "[servers.box]: there is no setting dialct; did you mean dialect?", id="s"
        ),
        pytest.param(f"{SERVER}models = 3", "must be a list of tables", id="models of a server"),
        pytest.param(SERVER.replace("box", "fal"), "must be a name that no provider", id="server called as a provider"),
        pytest.param(SERVER + SERVER, "no other server has", id="two servers of one name"),
        pytest.param(SERVER.replace("box", "a b"), "must be a name of letters", id="server's name"),
        pytest.param("servers = 3", "servers is 3; it must be a list", id="servers"),
        pytest.param("provider_order = 3", "must be a list of names", id="order that is none"),
        pytest.param('provider_order = "together"', 'must be a list, such as ["together"]', id="order as text"),
        pytest.param('provider_order = ["togther"]', "no provider togther; did you mean together?", id="order's name"),
        pytest.param(
            '[templates.p]\nquality_tier = "best"', '[templates.p] quality_tier is "best"; it must be one of', id="tier"
        ),
        pytest.param('[templates.p]\nquality_tier = "premum"', "did you mean premium?", id="misspelt tier"),
        pytest.param('[templates.p]\nqualty_tier = "draft"', "did you mean quality_tier?", id="setting of a template"),
        pytest.param("[templates.p]\nn = 9", "n is 9; it must be at most 4", id="number in a template"),
        pytest.param('[templates.p]\nsave_to = "/x"', "no setting save_to", id="what belongs to one call"),
        pytest.param("templates = 3", "templates is 3; it must be a table", id="templates"),
    ],
)
def test_a_wrong_file_names_file_table_setting_value_and_the_right_name(text: str, said: str, file: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        configured(file, text)
    assert said in raised.value.message
    assert str(file) in raised.value.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[tiers.darft]\nboosters = []", "tiers.darft: no such tier (did you mean draft?)", id="tier"),
        pytest.param("[tiers.draft]\nbosters = []", "did you mean boosters?", id="setting of a tier"),
        pytest.param('[tiers.draft]\ngroups = [["flux-shnell"]]', "did you mean flux-schnell?", id="model in a tier"),
        pytest.param(SERVER + 'dialect = "locali"', "did you mean localai?", id="dialect"),
        pytest.param('[models."together/flux-schnell"]\nprise = 3', "did you mean price?", id="setting of a model"),
    ],
)
def test_so_does_what_the_catalogue_is_to_merge(text: str, said: str, file: Path) -> None:
    config = configured(file, text)
    with pytest.raises(ConfigError) as raised:
        load_catalog(config.catalog, config.source)
    assert said in raised.value.message
    assert str(file) in raised.value.message


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("IMGFORGE_SYNC_WIAT", "IMGFORGE_SYNC_WAIT"),
        ("IMGFORGE_DAYLY_BUDGET_USD", "IMGFORGE_DAILY_BUDGET_USD"),
        ("IMGFORGE_DAILY_BUDGET", "IMGFORGE_DAILY_BUDGET_USD"),
        ("IMGFORGE_TOGEHTER_BASE_URL", "IMGFORGE_TOGETHER_BASE_URL"),
        ("IMGFORGE_OUTPUT_DIR", "IMGFORGE_OUTPUT_DIRS"),
        ("IMGFORGE_APIKEY", "IMGFORGE_API_KEY"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_right_one(variable: str, meant: str, file: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        configured(file, **{variable: "1"})
    assert f"{variable}; did you mean {meant}?" in raised.value.message
    assert raised.value.details["nearest"] == meant


@pytest.mark.parametrize(
    "variable",
    [
        *("IMGFORGE_API_KEY", "IMGFORGE_FAL_BASE_URL", "IMGFORGE_IMGFORGE_BASE_URL", "IMGFORGE_MCP_SERVICE_HOST"),
        *("IMGFORGE_SERVICE_PORT_HTTP", "IMGFORGE_PORT", "IMGFORGE_PORT_8765_TCP_ADDR", "MY_IMGFORGE", "imgforge_x"),
    ],
)
def test_what_is_ours_or_a_clusters_is_no_misspelling(variable: str, file: Path) -> None:
    configured(file, **{variable: "http://10.0.0.1:8765"})


@pytest.mark.parametrize("word", ["off", "none", "OFF"])
def test_what_is_off_may_be_called_so(word: str, file: Path) -> None:
    config = configured(file, IMGFORGE_KEEP_DAYS=word, IMGFORGE_CONFIRM_ABOVE_USD=word, IMGFORGE_PROXY=word)
    assert (config.keep_days, config.confirm_above_usd, config.proxy) == (None, None, "")


def test_a_secret_is_shown_neither_in_an_error_nor_in_a_repr(file: Path) -> None:
    for name, value in {"database_url": "mysql://u:canary-pw@h/x", "proxy": "ftp://u:canary-pw@h"}.items():
        for text, variables in ((f'{name} = "{value}"', {}), ("", {f"IMGFORGE_{name.upper()}": value})):
            with pytest.raises(ConfigError) as raised:
                configured(file, text, **variables)
            assert "canary" not in f"{raised.value.message} {raised.value.details}"
    for entry in ("api_key = 'canary pw'", "api_key = ['canary-pw']", "account_id = 'canary\u00e4'"):
        with pytest.raises(ConfigError) as raised:
            configured(file, f"[providers.cloudflare]\n{entry}")
        assert "canary" not in f"{raised.value.message} {raised.value.details}"
    config = configured(file, "proxy = 'http://u:canary-pw@h'", IMGFORGE_DATABASE_URL="postgresql://u:canary-db@h/x")
    assert "canary" not in repr(config)
    assert {"canary-pw", "canary-db"} <= set(config.secrets())


def test_the_password_of_a_database_may_stand_in_a_file_of_its_own(file: Path, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://u:canary@h/x\n")
    assert (
        configured(file, IMGFORGE_DATABASE_URL_FILE=str(tmp_path / "url")).database_url == "postgresql://u:canary@h/x"
    )
    with pytest.raises(ConfigError, match="IMGFORGE_DATABASE_URL_FILE names a file that does not exist"):
        configured(file, IMGFORGE_DATABASE_URL_FILE=str(tmp_path / "none"))


def test_a_file_with_a_byte_order_mark_or_windows_lines_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfsync_wait = 5\r\npreview = 'off'\r\n")
    assert load_config({"IMGFORGE_CONFIG": str(file)}).sync_wait == 5
    file.write_bytes("sync_wait = 5".encode("utf-16"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config({"IMGFORGE_CONFIG": str(file)})


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
    assert key in config.secrets() or "TOGETHER_API_KEY_FILE" in variables
    assert key not in repr(settings)
    assert key not in repr(config)


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param("\ufeffcanary-key", id="byte order mark"),
        pytest.param("canary-key\u200b", id="zero-width space"),
        pytest.param("“canary-key”", id="smart quotes"),
        pytest.param("‘canary-key’", id="smart single quotes"),
        pytest.param('"canary-key"', id="quotes"),
        pytest.param(" 'canary-key' \n", id="quotes in space"),
        pytest.param("\u00a0canary-key\r\n", id="hard space and line break"),
    ],
)
def test_what_certainly_is_no_part_of_a_key_is_taken_off(pasted: str, file: Path, tmp_path: Path) -> None:
    settings = settings_of(configured(file, TOGETHER_API_KEY=pasted), TOGETHER)
    assert settings is not None
    assert settings.key == "canary-key"
    (tmp_path / "key").write_text(pasted, "utf-8")
    settings = settings_of(configured(file, TOGETHER_API_KEY_FILE=str(tmp_path / "key")), TOGETHER)
    assert settings is not None
    assert settings.key == "canary-key"


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        pytest.param("canary\nkey", "holds a line break", id="line break"),
        pytest.param("canary\r\nX-Evil: 1", "holds a line break", id="another header"),
        pytest.param("canary key", "holds a space", id="space"),
        pytest.param("canary\u200bkey", "invisible character", id="zero-width space inside"),
        pytest.param("canary“key", "typographic quotation mark", id="smart quote inside"),
        pytest.param("canary…", "U+2026", id="cut by a page"),
        pytest.param("ключ-canary", "U+043A", id="another alphabet"),
        pytest.param("canary\x7f", "U+007F", id="control character"),
    ],
)
def test_what_cannot_be_a_key_names_its_variable_and_never_its_value(
    pasted: str, said: str, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(pasted, "utf-8")
    for name, value in {"TOGETHER_API_KEY": pasted, "TOGETHER_API_KEY_FILE": str(tmp_path / "key")}.items():
        with pytest.raises(ConfigError, match=f"{name} .*{re.escape(said)}") as raised:
            settings_of(configured(file, **{name: value}), TOGETHER)
        assert "canary" not in f"{raised.value.message} {raised.value.details}"


@pytest.mark.parametrize(
    "variable",
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "TLS_KEY_FILE", "MY_API_KEY_FILE", "SSL_TOKEN_FILE", "FAL_API_KEY_FILE"],
)
def test_files_of_others_are_not_looked_at(variable: str, file: Path, tmp_path: Path) -> None:
    config = configured(file, **{variable: str(tmp_path / "none"), "TOGETHER_API_KEY": "canary-key"})
    assert settings_of(config, TOGETHER) is not None
    assert "canary-key" in config.secrets()


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "binary", "large", "another user's home"])
def test_a_key_file_that_holds_no_key_is_named_in_one_sentence(kind: str, file: Path, tmp_path: Path) -> None:
    place = tmp_path / "key"
    match kind:
        case "directory":
            place.mkdir()
        case "empty":
            place.write_text(" \n")
        case "binary":
            place.write_bytes(bytes(range(256)))
        case "large":
            place.write_text("x" * 100_000)
    named = "~nosuchuser/key" if kind == "another user's home" else str(place)
    with pytest.raises(ConfigError, match=r"^TOGETHER_API_KEY_FILE names a file that .*\.$"):
        settings_of(configured(file, TOGETHER_API_KEY_FILE=named), TOGETHER)


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
        pytest.param(" 'https://host/prefix/v1/?api-version=3' ", "https://host/prefix/v1/?api-version=3", id="whole"),
    ],
)
def test_a_base_url_is_taken_as_the_users_word(url: str, used: str, file: Path) -> None:
    settings = settings_of(configured(file, TOGETHER_API_KEY="canary-key", IMGFORGE_TOGETHER_BASE_URL=url), TOGETHER)
    assert settings is not None
    assert (settings.base_url, settings.is_override) == (used, True)


@pytest.mark.parametrize(
    "url",
    ["host", "ftp://host", "https://", "https://u:p@host", "https://h#x", "https://h:x", "https://[::1", "file:///x"],
)
def test_a_base_url_that_is_none_names_its_variable(url: str, file: Path) -> None:
    with pytest.raises(ConfigError, match="IMGFORGE_TOGETHER_BASE_URL"):
        configured(file, TOGETHER_API_KEY="canary-key", IMGFORGE_TOGETHER_BASE_URL=url)


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


def test_a_server_takes_its_key_from_a_variable_that_it_names(file: Path) -> None:
    text = SERVER + 'api_key_env = "BOX_TOKEN"'
    config = configured(file, text, BOX_TOKEN="canary-key")
    assert server_settings(config, config.servers[0]).key == "canary-key"
    config = configured(file, text)
    with pytest.raises(ConfigError, match="box: api_key_env names BOX_TOKEN, which is not set"):
        server_settings(config, config.servers[0])
