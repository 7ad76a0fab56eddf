"""What a benchmark hands back, and the small statistics behind it: medians, spreads, ratios of medians."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; without an aim it is only reported, and `is_met` is None."""

    name: str
    ours: str
    baseline: str = ""
    compared: str = ""
    aim: str = ""
    is_met: bool | None = None

    def row(self) -> str:
        """As a line of a Markdown table under `HEADER`."""
        outcome = {True: "yes", False: "**no**", None: ""}[self.is_met]
        return _row((self.name, self.ours, self.baseline, self.compared, self.aim, outcome))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


COLUMNS = ("figure", "ours", "baseline", "compared", "aim", "met")
HEADER = "\n".join((_row(COLUMNS), _row(("---",) * len(COLUMNS))))


def milliseconds(seconds: Sequence[float]) -> str:
    """The median, and the range that half of the runs lie in."""
    low, median, high = quartiles([second * 1000 for second in seconds])
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    return f"{median:.{digits}f} ms ({low:.{digits}f}-{high:.{digits}f})"


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """First quartile, median, third quartile."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high


def ratio_figure(name: str, ours: Sequence[float], baseline: Sequence[float], at_most: float | None = None) -> Figure:
    """Ours against the baseline, as the ratio of the medians."""
    ratio = statistics.median(ours) / statistics.median(baseline)
    return Figure(
        name=name,
        ours=milliseconds(ours),
        baseline=milliseconds(baseline),
        compared=f"{ratio:.2f}×",
        aim="" if at_most is None else f"at most {at_most:.3g}×",
        is_met=None if at_most is None else ratio <= at_most,
    )


def difference_figure(
    name: str, ours: Sequence[float], baseline: Sequence[float], at_most: float | None = None
) -> Figure:
    """Ours less the baseline, as the median over the pairs of runs; `at_most` in seconds."""
    differences = [mine - other for mine, other in zip(ours, baseline, strict=True)]
    return Figure(
        name=name,
        ours=milliseconds(ours),
        baseline=milliseconds(baseline),
        compared=f"+{milliseconds(differences)}",
        aim="" if at_most is None else f"at most +{at_most * 1000:g} ms",
        is_met=None if at_most is None else statistics.median(differences) <= at_most,
    )
