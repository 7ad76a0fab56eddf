"""Health from outcomes: decay, the breaker, rests, what is shared, what a new configuration forgets."""

from itertools import pairwise
from typing import Any

import pytest

from imgforge_mcp.base.types import Outcome
from imgforge_mcp.routing.health import HALF_LIFE, Health, Vitals

START = 1_800_000_000.0
PRIOR = 4.0 / 4.2


class Story:
    """Outcomes of one provider, told in order."""

    def __init__(self) -> None:
        self.health = Health()
        self.now = START
        self._told = 0

    def tell(self, outcome: str = "ok_listed", model: str = "m", after: float = 0.0, **fields: Any) -> None:
        self.now += after
        self._told += 1
        values: dict[str, Any] = {"latency": 5.0, "health_cost": 0.0, "rest_until": None, "settings": "s"} | fields
        self.health.learn(
            [
                Outcome(
                    outcome_id=self._told,
                    attempt_id=self._told,
                    provider="p",
                    model=model,
                    succeeded=outcome.startswith("ok"),
                    outcome=outcome,
                    ended_at=self.now,
                    **values,
                )
            ]
        )

    def vitals(self, after: float = 0.0, model: str = "m", settings: str = "s") -> Vitals:
        return self.health.vitals("p", model, settings, 10.0, self.now + after)


def test_without_a_history_the_prior_and_the_usual_latency_count() -> None:
    vitals = Story().vitals()
    assert vitals.success == pytest.approx(PRIOR)
    assert (vitals.latency, vitals.rest, vitals.is_trial) == (10.0, 0.0, False)


def test_a_failure_hurts_and_halves_every_ten_minutes() -> None:
    story = Story()
    story.tell("unavailable", health_cost=1.0)
    assert story.vitals().success == pytest.approx(4 / 5.2)
    assert story.vitals(HALF_LIFE).success == pytest.approx(4 / 4.7)
    assert story.vitals(100 * HALF_LIFE).success == pytest.approx(PRIOR)


def test_a_timeout_hurts_more_than_an_error() -> None:
    error, timeout = Story(), Story()
    error.tell("unavailable", health_cost=1.0)
    timeout.tell("ambiguous", health_cost=1.5)
    assert timeout.vitals().success < error.vitals().success


def test_what_costs_no_health_hurts_nothing() -> None:
    story = Story()
    for _ in range(5):
        story.tell("rejected")
    assert story.vitals().success == pytest.approx(PRIOR)
    assert story.vitals().rest == 0


def test_latency_is_a_moving_average_of_successes() -> None:
    story = Story()
    story.tell(latency=10.0)
    story.tell(latency=20.0)
    story.tell("unavailable", latency=99.0, health_cost=1.0)
    assert story.vitals().latency == pytest.approx(13.0)
    assert story.vitals().latency_fail == pytest.approx(99.0)


def test_the_breaker_opens_on_two_failures_in_a_row_and_not_before() -> None:
    story = Story()
    story.tell("unavailable", health_cost=1.0)
    assert story.vitals().rest == 0
    story.tell("unavailable", health_cost=1.0)
    assert 24 <= story.vitals().rest <= 36
    assert story.vitals().reason == "breaker_open"
    assert story.vitals(37).rest == 0
    assert story.vitals(37).is_trial


def test_one_timeout_opens_the_breaker() -> None:
    story = Story()
    story.tell("ambiguous", health_cost=1.5)
    assert 24 <= story.vitals().rest <= 36


def test_a_success_between_two_failures_keeps_the_breaker_shut() -> None:
    story = Story()
    story.tell("unavailable", health_cost=1.0)
    story.tell()
    story.tell("unavailable", health_cost=1.0)
    assert story.vitals().rest == 0


def test_the_breaker_rests_twice_as_long_each_time_up_to_a_quarter_of_an_hour_and_a_success_shuts_it() -> None:
    story = Story()
    rests = []
    for _ in range(9):
        story.tell("ambiguous", health_cost=1.5, after=2000)
        rests.append(story.vitals().rest)
    assert all(later > 1.3 * earlier for earlier, later in pairwise(rests[:5]))
    assert max(rests) <= 900 * 1.2
    story.tell(after=2000)
    assert not story.vitals().is_trial
    assert story.vitals().rest == 0


@pytest.mark.parametrize(
    ("outcome", "is_shared"),
    [
        pytest.param("auth", True, id="key"),
        pytest.param("quota_exceeded", True, id="quota"),
        pytest.param("rate_limited", False, id="rate"),
        pytest.param("model_gone", False, id="model"),
    ],
)
def test_what_concerns_the_account_rests_every_model_of_the_provider(outcome: str, is_shared: bool) -> None:
    story = Story()
    story.tell(outcome, rest_until=START + 100)
    assert story.vitals().rest == 100
    assert (story.vitals(model="another").rest > 0) is is_shared
    assert story.vitals(101).rest == 0


def test_a_new_configuration_forgets_what_the_old_one_caused() -> None:
    story = Story()
    story.tell("auth", rest_until=START + 3600)
    assert story.vitals(settings="new").rest == 0


def test_the_same_outcome_is_learned_once() -> None:
    health = Health()
    outcome = Outcome(
        outcome_id=7,
        attempt_id=7,
        provider="p",
        model="m",
        succeeded=False,
        outcome="unavailable",
        latency=1.0,
        health_cost=1.0,
        rest_until=None,
        settings="s",
        ended_at=START,
    )
    health.learn([outcome, outcome])
    health.learn([outcome])
    assert health.vitals("p", "m", "s", 10.0, START).success == pytest.approx(4 / 5.2)


@pytest.mark.parametrize(
    ("outcome", "asked", "seconds"),
    [
        pytest.param("rate_limited", None, 15, id="no word"),
        pytest.param("rate_limited", 7, 7, id="asked"),
        pytest.param("rate_limited", 0, 0, id="at once"),
        pytest.param("rate_limited", 99_999, 900, id="asked for too much"),
        pytest.param("quota_exceeded", None, 900, id="quota"),
        pytest.param("quota_exceeded", 99_999, 3600, id="quota of tomorrow"),
        pytest.param("auth", None, 3600, id="key"),
        pytest.param("auth", 5, 3600, id="key, whatever is asked"),
        pytest.param("model_gone", None, 3600, id="model"),
    ],
)
def test_a_rest_lasts(outcome: str, asked: float | None, seconds: float) -> None:
    assert Health().rest_seconds("p", "m", outcome, asked) == seconds


def test_each_further_rest_without_a_word_is_twice_as_long() -> None:
    story = Story()
    seconds = []
    for _ in range(8):
        seconds.append(story.health.rest_seconds("p", "m", "rate_limited", None))
        story.tell("rate_limited", rest_until=story.now + seconds[-1])
    assert seconds == [15, 30, 60, 120, 240, 480, 900, 900]
