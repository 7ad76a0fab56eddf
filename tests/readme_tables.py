"""The tables of the README that are made from the code: `python -m tests.readme_tables` writes them anew."""

import argparse
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.catalog import Catalog, load_catalog
from imgforge_mcp.cli.install.clients import CLIENTS
from imgforge_mcp.cli.parser import build_parser
from imgforge_mcp.mcp.tools import TOOLS
from imgforge_mcp.providers.configured import all_providers
from imgforge_mcp.providers.contract import ModelSpec, Provider

README = Path(__file__).parent.parent / "README.md"
BLOCK = "<!-- {name}: made by python -m tests.readme_tables -->\n"
END = "<!-- end -->"
FOLDERS = {"config": "~/.config", "appdata": "%APPDATA%", "localappdata": "%LOCALAPPDATA%"}
TODAY = datetime(2026, 11, 21, tzinfo=UTC).date()


def clients_table() -> str:
    rows = ["| client | command | its file on Linux; macOS; Windows |", "|---|---|---|"]
    for client in CLIENTS:
        places = [client.paths[platform][-1].format(**FOLDERS) for platform in ("linux", "macos", "windows")]
        shown = "; ".join(f"`{place}`" for place in dict.fromkeys(places))
        rows.append(f"| {client.title} | `imgforge-mcp install {client.name}` | {shown} |")
    return "\n".join(rows)


def commands_table() -> str:
    """Every command with what has to be said and what may be, as the parser has them."""
    parser = build_parser()
    [commands] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    rows = ["| command | does | options |", "|---|---|---|", "| `imgforge-mcp` | MCP server on stdio | `--version` |"]
    for shown in commands._choices_actions:
        actions = [each for each in commands.choices[shown.dest]._actions if each.help != argparse.SUPPRESS]
        said = " ".join([f"imgforge-mcp {shown.dest}", *(_said(each) for each in actions if not each.option_strings)])
        options = [each.option_strings[-1] for each in actions if each.option_strings]
        listed = " ".join(f"`{option}`" for option in options if option not in ("--help", "--json"))
        rows.append(f"| `{said}` | {shown.help} | {listed} |")
    return "\n".join(rows)


def _said(action: argparse.Action) -> str:
    """A word that stands for itself, as a reader writes it."""
    short = action.choices is not None and len(list(action.choices)) < 6
    word = "\\|".join(map(str, action.choices or ())) if short else str(action.metavar or action.dest).upper()
    more = f"{word}…" if action.nargs in ("+", "*") else word
    return f"[{more}]" if action.nargs in ("?", "*") else more


def errors_table() -> str:
    """Every code with its statuses and what the errors of that code are."""
    kinds: dict[str, list[type[ForgeError]]] = {}
    for kind in _errors(ForgeError):
        if kind.code != ForgeError.code and ("code" in vars(kind) or kind.code not in kinds):
            kinds.setdefault(kind.code, []).append(kind)
    rows = ["| code | status | when |", "|---|---|---|"]
    for code, own in kinds.items():
        statuses = ", ".join(str(status) for status in dict.fromkeys(kind.status for kind in own))
        rows.append(f"| `{code}` | {statuses} | {' '.join(_first_sentence(kind) for kind in own)} |")
    return "\n".join(
        [*rows, f"| `{ForgeError.code}` | {ForgeError.status} | A defect of ours; look up the request id in the log. |"]
    )


def _errors(kind: type[ForgeError]) -> list[type[ForgeError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_errors(child))]


def _first_sentence(kind: type[ForgeError]) -> str:
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def tools_table() -> str:
    rows = [f"| `{tool.name}` | {tool.description} |" for tool in TOOLS]
    return "\n".join(["| tool | does |", "|---|---|", *rows])


def tiers_table(catalog: Catalog) -> str:
    rows = []
    for tier in QualityTier:
        meaning = catalog.tiers[tier]
        groups = "; then ".join(", ".join(group) for group in meaning.groups)
        rows.append(f"| `{tier.value}` | {meaning.description} | {groups} | {', '.join(meaning.boosters)} |")
    head = "| tier | for | models, in order | added to the prompt (`enhance=false` adds nothing) |"
    return "\n".join([head, "|---|---|---|---|", *rows])


def providers_table(catalog: Catalog) -> str:
    rows = [_provider_row(provider, catalog) for provider in all_providers()]
    head = "| provider | key | models | can do | price per image (US $) | read from, when |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


CAPABILITIES: Mapping[str, Callable[[ModelSpec], bool]] = {
    "text to image": lambda model: "text_to_image" in model.capabilities,
    "edit": lambda model: "edit" in model.capabilities,
    "references": lambda model: model.max_inputs > 1 and "by_reference" not in model.capabilities,
    "kept character or style": lambda model: "by_reference" in model.capabilities,
    "mask": lambda model: "inpaint" in model.capabilities,
    "transparency": lambda model: "transparent" in model.capabilities,
    "cut out": lambda model: "remove_background" in model.capabilities,
    "enlarge": lambda model: "upscale" in model.capabilities,
    "trace": lambda model: "vectorize" in model.capabilities,
    "extend": lambda model: "extend" in model.capabilities,
    "vector": lambda model: "vector" in model.capabilities,
    "seed": lambda model: "seed" in model.accepts,
    "negative": lambda model: "negative_prompt" in model.accepts,
    "batch at half price": lambda model: bool(model.options.get("batch")),
}
"""The columns of the table of capabilities, but for the last: what a provider has where one of its models has it."""
REPORTED = "cost reported"


def able(provider: Provider, catalog: Catalog) -> list[str]:
    """The columns in which a provider has a yes."""
    models = [model for model in catalog.of_provider(provider.manifest.name) if not model.is_retired(TODAY)]
    columns = [column for column, has in CAPABILITIES.items() if any(map(has, models))]
    return [*columns, REPORTED] if provider.manifest.reports_cost else columns


def capabilities_table(catalog: Catalog) -> str:
    columns = [*CAPABILITIES, REPORTED]
    rows = []
    for provider in all_providers():
        manifest, yes = provider.manifest, able(provider, catalog)
        if manifest.is_local:
            continue
        dates = [str(model.checked) for model in catalog.of_provider(manifest.name) if model.checked]
        cells = " | ".join("yes" if column in yes else "" for column in columns)
        rows.append(f"| {manifest.title} | {cells} | {manifest.source}, {max(dates, default='')} |")
    return "\n".join([f"| | {' | '.join(columns)} | read from, when |", f"|{'---|' * (len(columns) + 2)}", *rows])


def billing_table() -> str:
    rows = [
        "| provider | withheld as unsafe | without a picture | called off | where it stands |",
        "|---|---|---|---|---|",
    ]
    for provider in all_providers():
        billing = provider.manifest.billing
        if billing.source:
            cells = (provider.manifest.title, billing.withheld, billing.empty, billing.called_off, billing.source)
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _provider_row(provider: Provider, catalog: Catalog) -> str:
    manifest = provider.manifest
    models = [model for model in catalog.of_provider(manifest.name) if not model.is_retired(TODAY)]
    variables = [*manifest.key_variables, *manifest.settings.values()] or [manifest.base_url_variable]
    keys = "none" if manifest.name == "local" else ", ".join(f"`{variable}`" for variable in variables)
    slugs = ", ".join(model.slug for model in models)
    able = sorted({capability for model in models for capability in model.capabilities})
    checked = max((str(model.checked) for model in models if model.checked), default="")
    source = manifest.source or "this package"
    return (
        f"| {manifest.title} (`{manifest.name}`) | {keys} | {slugs} | {', '.join(able).replace('_', ' ')} "
        f"| {_prices(models)} | {source}, {checked} |"
    )


def _prices(models: list[ModelSpec]) -> str:
    found = [_price(model) for model in models]
    known = sorted(price for price in found if price is not None)
    if not known:
        return "not listed"
    span = (
        "free"
        if known[-1] == 0
        else f"{known[0]:.4g} to {known[-1]:.4g}"
        if known[0] < known[-1]
        else f"{known[0]:.4g}"
    )
    return span if len(known) == len(found) else f"{span}; some not listed"


def _price(model: ModelSpec) -> float | None:
    sizing = model.sizing
    return model.price.of(width=sizing.default_width, height=sizing.default_height, steps=model.steps[2])


def renewed(text: str) -> str:
    """The README with every made table as the code has it now."""
    catalog = load_catalog()
    tables = {
        "clients": clients_table(),
        "tools": tools_table(),
        "commands": commands_table(),
        "errors": errors_table(),
        "tiers": tiers_table(catalog),
        "providers": providers_table(catalog),
        "capabilities": capabilities_table(catalog),
        "billing": billing_table(),
    }
    for name, table in tables.items():
        start = BLOCK.format(name=name)
        before, _, rest = text.partition(start)
        text = f"{before}{start}{table}\n{END}{rest.partition(END)[2]}"
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
