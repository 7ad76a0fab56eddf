"""Spend caps: money is held back before it can be spent, in the transaction of whatever wants to spend it."""

from imgforge_mcp.base.errors import BudgetExceeded, ForgeError
from imgforge_mcp.base.types import Json
from imgforge_mcp.storage.registry.contract import Caps
from imgforge_mcp.storage.registry.sql.rows import MILLIONTHS
from imgforge_mcp.storage.registry.sql.statements import Statements


def not_held(sql: Statements, job_id: str, held: Json, price: int) -> int:
    """What a job lacks of `price` beside the prices of its calls that are out, in millionths of a US dollar; below 0
    where it holds more. `held`: the row of its fence."""
    pending = sum(row["price"] or 0 for row in sql.all("job_attempts", job_id=job_id) if row["ended_at"] is None)
    return int(pending + price - held["reserved"])


def reserve(sql: Statements, day: str, amount: int, caps: Caps) -> None:
    """Hold money back. Lock: the month's spend. Raises BudgetExceeded: a cap stands in the way."""
    if amount > 0:
        today, month = committed(sql, day)
        for cap, so_far, name, variable in (
            (caps.daily_usd, today, "daily", "IMGFORGE_DAILY_BUDGET_USD"),
            (caps.monthly_usd, month, "monthly", "IMGFORGE_MONTHLY_BUDGET_USD"),
        ):
            if cap is not None and so_far + amount > round(cap * MILLIONTHS):
                raise _over_budget(name, variable, cap, so_far, amount)
        book(sql, day, reserved=amount)


def book(sql: Statements, day: str, *, reserved: int = 0, spent: int = 0) -> None:
    """Add to what is held back and spent of a day (millionths of a US dollar). Lock: the month's spend."""
    if reserved or spent:
        sql.change("book", day=day, reserved=reserved, spent=spent)


def _over_budget(name: str, variable: str, cap: float, so_far: int, amount: int) -> ForgeError:
    return BudgetExceeded(
        f"The {name} budget of ${cap:.2f} does not allow this (${so_far / MILLIONTHS:.4f} spent or reserved, "
        f"${amount / MILLIONTHS:.4f} needed); nothing was sent. Raise {variable} or wait until it is reset.",
        budget=name,
        cap_usd=cap,
        committed_usd=so_far / MILLIONTHS,
        needed_usd=amount / MILLIONTHS,
    )


def committed(sql: Statements, day: str) -> tuple[int, int]:
    """Millionths of a US dollar spent or reserved on a day, and in its month."""
    [row] = sql.all("committed", day=day, month=day[:7])
    return row["day"], row["month"]
