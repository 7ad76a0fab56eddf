"""What was spent, and what is left."""

import argparse

from imgforge_mcp.cli import lists
from imgforge_mcp.cli.commands.shown import count_of_images
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE, FAILED
from imgforge_mcp.forge import Forge


async def usage(forge: Forge, options: argparse.Namespace) -> int:
    if options.check:
        return await _check_usage(forge, options)
    answer = await forge.usage(options.period, options.project, forge.caller())
    billed = answer["maybe_billed_usd"]
    lines = [
        f"{count_of_images(answer['images'])}, ${answer['cost_usd']:.4f} since {answer['since'][:10]}"
        + (f", and ${billed:.4f} that may have been billed" if billed else "")
    ]
    lines += lists.of_usage(answer)
    for name, budget in answer["budgets"].items():
        left = f", ${budget['left_usd']:.4f} left of ${budget['cap_usd']:.2f}" if "cap_usd" in budget else ", no cap"
        lines.append(f"{name} budget: ${budget['committed_usd']:.4f} spent or reserved{left}")
    lines += [
        f"{name}: {quota['left']} of {quota['calls_a_day']} calls left" for name, quota in answer["quotas"].items()
    ]
    show(answer, options, lines)
    return DONE


async def _check_usage(forge: Forge, options: argparse.Namespace) -> int:
    """The sums that `usage` shows against every call on record."""
    drift = await forge.usage_drift()
    lines = [f"{line['day']} {line['provider']}/{line['model']} {line['outcome']}: the sum is wrong" for line in drift]
    show({"drift": drift}, options, lines or ["The sums are what the calls add up to."])
    return FAILED if drift else DONE
