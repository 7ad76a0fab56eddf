"""What can be used, at what price, and what the providers say of it today."""

import argparse

from imgforge_mcp.base.types import QualityTier
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE
from imgforge_mcp.forge import Filter, Forge


async def models(forge: Forge, options: argparse.Namespace) -> int:
    if options.refresh:
        return await _refresh(forge, options)
    wanted = Filter(
        tier=QualityTier(options.tier) if options.tier else None,
        provider=options.provider,
        capability=options.capability,
        available_only=not options.all,
        purpose=options.purpose,
        model=options.name,
        is_full=True,
    )
    answer = await forge.models(wanted, is_paged=False)
    if options.name:
        shown = [line for entry in answer["models"] for line in lists.of_model(entry)]
        show(answer, options, shown or [f"Nobody has {options.name} now; --all shows it nevertheless."])
        return DONE
    tiers = [] if options.purpose else [*lists.of_tiers(answer["tiers"]), ""]
    found = lists.of_models(answer["models"]) if answer["models"] else ["No model fits; --all shows the others too."]
    show(answer, options, [*tiers, *found])
    return DONE


async def _refresh(forge: Forge, options: argparse.Namespace) -> int:
    report = await forge.refresh_models()
    lines = []
    for name, found in report["providers"].items():
        lines.append(f"{name}: {len(found['missing_from_catalogue'])} models that the catalogue misses")
        lines += [f"  gone, no tier leads to it any more: {model}" for model in found["listed_in_vain"]]
    for name, rows in report["prices"].items():
        for row in rows:
            price = f"${row['listed_usd']:.4g} a {row['unit']} by {row['source']}, ${row['catalogue_usd']:.4g} here"
            lines.append(f"  another price: {name}/{row['model']}, {price}")
    if report["not_asked"]:
        lines.append(f"no list to ask for, or no answer: {', '.join(report['not_asked'])}")
    show(report, options, lines)
    return DONE
