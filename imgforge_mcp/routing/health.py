"""How each candidate is doing, from the attempts of the last hours: chance of success, latency, rest. Pure.

The figures were chosen by simulation: successes and failures halve every 600 s, the prior is 4 successes to 0.2
failures,
two failures in a row (or one timeout) open the breaker for 30 s, doubling, with a fifth of jitter, at most 900 s.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from imgforge_mcp.base.types import Outcome

HALF_LIFE = 600.0
PRIOR_SUCCESS = 4.0
PRIOR_FAILURE = 0.2
LATENCY_WEIGHT = 0.3
BREAKER_SECONDS = 30.0
COOL_DOWN_SECONDS = 15.0
LONGEST_REST = 900.0
QUOTA_SECONDS = 900.0
LONGEST_QUOTA = 3600.0
OUT_SECONDS = 3600.0
NOTHING_LATELY = 0.01
"""Decayed calls: below that, what was measured has faded."""
MEMORY_SECONDS = 2 * 3600.0
WHOLE_PROVIDER = ("auth", "account", "wrong_address", "quota_exceeded")
"""Outcomes that concern every model of the provider: they share its key, its account and its address."""


WHY = {
    "auth": "its key was rejected",
    "account": "its account is blocked or not verified",
    "wrong_address": "its base URL or account id is wrong",
    "quota_exceeded": "its quota is used up",
    "rate_limited": "it asked to slow down",
    "model_gone": "the provider does not know it any more",
    "breaker_open": "it failed repeatedly",
    "unavailable": "it was out of order",
}
"""The outcomes after which a candidate rests, in words."""


@dataclass(slots=True)
class _Record:
    """One candidate's decayed counts."""

    success: float = 0.0
    failure: float = 0.0
    at: float = 0.0
    latency_ok: float | None = None
    latency_fail: float | None = None
    in_a_row: float = 0.0
    opened: int = 0
    rest_until: float = 0.0
    rest_reason: str = ""
    rests: int = 0
    settings: str = ""

    def decay(self, now: float) -> None:
        factor = 0.5 ** (max(0.0, now - self.at) / HALF_LIFE)
        self.success, self.failure, self.at = self.success * factor, self.failure * factor, max(self.at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What the router needs: `success` is a probability, latencies are seconds, `rest` seconds until it may be
    tried."""

    success: float
    latency: float
    latency_fail: float
    rest: float = 0.0
    reason: str = ""
    is_trial: bool = False
    """The breaker was open: one call at a time may try it."""
    is_measured: bool = False
    """Whether there were calls of late that `success` follows from; else it is what is assumed of anybody."""
    is_timed: bool = False
    """Whether `latency` was measured; else it is the catalogue's."""

    @property
    def why_shut(self) -> str:
        """Why it may not be tried now, and when it may, in words."""
        return f"{WHY.get(self.reason, self.reason.replace('_', ' '))}, may be tried in {self.rest:.0f} s"


@dataclass(slots=True)
class Health:
    """Fed with outcomes in the order in which they became known; asked per candidate. `settings` marks drop what an
    older configuration caused."""

    _records: dict[tuple[str, str], _Record] = field(default_factory=dict)
    latest: int = 0
    """The number of the last outcome that was learned."""

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.outcome_id <= self.latest:
                continue
            self.latest = outcome.outcome_id
            model = "" if outcome.outcome in WHOLE_PROVIDER else outcome.model
            self._learn(self._records.setdefault((outcome.provider, model), _Record()), outcome)

    def vitals(self, provider: str, model: str, settings: str, usual_latency: float, now: float) -> Vitals:
        record = self._records.get((provider, model), _Record())
        shared = self._records.get((provider, ""), _Record())
        success, failure = _decayed(record, now)
        rest, reason = max(_rest(record, settings, now), _rest(shared, settings, now))
        return Vitals(
            success=(PRIOR_SUCCESS + success) / (PRIOR_SUCCESS + PRIOR_FAILURE + success + failure),
            latency=record.latency_ok if record.latency_ok is not None else usual_latency,
            latency_fail=record.latency_fail if record.latency_fail is not None else usual_latency / 2,
            rest=rest,
            reason=reason,
            is_trial=record.opened > 0,
            is_measured=success + failure > NOTHING_LATELY,
            is_timed=record.latency_ok is not None,
        )

    def _learn(self, record: _Record, outcome: Outcome) -> None:
        record.decay(outcome.ended_at)
        record.settings = outcome.settings
        if outcome.succeeded:
            record.success += 1
            record.in_a_row, record.opened, record.rests, record.rest_until = 0.0, 0, 0, 0.0
            record.latency_ok = _averaged(record.latency_ok, outcome.latency)
            return
        record.failure += outcome.health_cost
        record.latency_fail = _averaged(record.latency_fail, outcome.latency)
        if outcome.rest_until is not None:
            record.rests += 1
            record.rest_until, record.rest_reason = max(record.rest_until, outcome.rest_until), outcome.outcome
        if outcome.health_cost:
            record.in_a_row += 2 if outcome.outcome == "ambiguous" else 1
            if record.in_a_row >= 2:
                self._open_breaker(record, outcome)

    def _open_breaker(self, record: _Record, outcome: Outcome) -> None:
        seconds = min(LONGEST_REST, BREAKER_SECONDS * 2.0**record.opened) * _jitter(outcome.attempt_id)
        record.opened = min(record.opened + 1, 10)
        record.rest_until, record.rest_reason = max(record.rest_until, outcome.ended_at + seconds), "breaker_open"

    def rest_seconds(self, provider: str, model: str, outcome: str, asked: float | None) -> float:
        """How long a candidate rests after an answer that asks for it; `asked` is the provider's own Retry-After."""
        if outcome in ("auth", "account", "wrong_address", "model_gone"):
            return OUT_SECONDS
        record = self._records.get((provider, "" if outcome in WHOLE_PROVIDER else model), _Record())
        if outcome == "quota_exceeded":
            return min(LONGEST_QUOTA, asked if asked is not None else QUOTA_SECONDS * 2.0**record.rests)
        return min(LONGEST_REST, asked if asked is not None else COOL_DOWN_SECONDS * 2.0 ** min(record.rests, 10))


def _decayed(record: _Record, now: float) -> tuple[float, float]:
    factor = 0.5 ** (max(0.0, now - record.at) / HALF_LIFE)
    return record.success * factor, record.failure * factor


def _rest(record: _Record, settings: str, now: float) -> tuple[float, str]:
    if record.rest_until <= now or (record.settings and record.settings != settings):
        return 0.0, ""
    return record.rest_until - now, record.rest_reason


def _averaged(average: float | None, sample: float | None) -> float | None:
    if sample is None or average is None:
        return sample if average is None else average
    return average + LATENCY_WEIGHT * (sample - average)


def _jitter(attempt_id: int) -> float:
    """0.8 to 1.2, the same in every process that reads the same attempt."""
    return 0.8 + 0.4 * (zlib.crc32(str(attempt_id).encode()) % 1000) / 1000
