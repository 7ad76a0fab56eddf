"""The embedded engine as a provider: no key, no network, free; its work is done on this machine."""

import secrets
from collections.abc import Callable
from functools import partial

from imgforge_mcp import local
from imgforge_mcp.errors import BadReply
from imgforge_mcp.spec import Call, Images, Manifest, Operation, Picture, Provider, Reply, Work

SEEDS = 2**31


class Local(Provider):
    """Draws with the illustrator; several images take consecutive seeds."""

    manifest = Manifest(name="local", title="the embedded engine", base_url="", needs_key=False, concurrency=1)

    def submit(self, call: Call) -> Work:
        seed = call.seed if call.seed is not None else secrets.randbelow(SEEDS)
        return Work(run=partial(_draw, call, seed))

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        raise BadReply("The embedded engine does not speak HTTP.")


def _draw(call: Call, first_seed: int, report: Callable[[float, str], None]) -> Images:
    pictures: list[Picture] = []
    warnings: list[str] = []
    for number in range(call.n):
        drawing = local.draw(
            call.prompt,
            width=call.width,
            height=call.height,
            seed=(first_seed + number) % SEEDS,
            style=call.style,
            negative_prompt=call.negative_prompt,
            progress=partial(_report_one, report, number, call.n),
        )
        pictures.append(Picture(data=drawing.data, seed=drawing.seed))
        warnings.extend(drawing.warnings)
    return Images(pictures=tuple(pictures), cost_usd=0.0, warnings=tuple(dict.fromkeys(warnings)))


def _report_one(report: Callable[[float, str], None], number: int, total: int, fraction: float, what: str) -> None:
    report((number + fraction) / total, what)


PROVIDER = Local()
