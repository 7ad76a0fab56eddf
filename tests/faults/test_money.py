"""Nothing is paid twice and nothing is spent past a cap, whoever calls and whatever the provider does."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from imgforge_mcp import Forge, ImageRequest, Job
from imgforge_mcp.base.errors import BudgetExceeded, IdempotencyConflict
from imgforge_mcp.base.types import CostBasis, JobState
from imgforge_mcp.providers.driver import SUBMIT_SECONDS
from tests.answers import committed
from tests.conftest import OpenClient, OpenForge
from tests.emulators import Emulator
from tests.faults._processes import Worker, write_requests
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[[str], Emulator]
PRICED = '[models."together/flux-schnell"]\nprice = { image = 0.04 }\n'
UNPRICED = '[models."together/flux-schnell"]\nprice = {}\n'
SCHNELL = "together/flux-schnell"
TWO_PRICES = """
provider_order = ["together", "bfl"]
[models."together/flux-1.1-pro"]
price = { image = 0.04 }
[models."bfl/flux-1.1-pro"]
price = { image = 0.04 }
"""
CALLERS = 200
UNANSWERED = ("hang", "cut")


def configure(environment: dict[str, str], text: str) -> None:
    Path(environment["IMGFORGE_CONFIG"]).write_text(text, "utf-8")


async def draw(forge: Forge, **values: Any) -> Job:
    """Submit and wait until the job has ended."""
    values = {"prompt": "a red fox", "model": SCHNELL, "width": 256, "height": 256} | values
    job = await forge.submit(ImageRequest.model_validate(values), forge.caller())
    return await forge.job(job.job_id, forge.caller(), wait_seconds=3600.0)


def code_of(job: Job) -> str:
    return str((job.error or {}).get("code"))


# One key, one purchase ----------------------------------------------------------------------------------------------


def race(settings: dict[str, str], folder: Path, requests: list[list[dict[str, Any]]], callers: int) -> list[Any]:
    """A process for each list of requests, all set off at the same moment; what each said."""
    files = [write_requests(folder / f"{number}.json", each) for number, each in enumerate(requests)]
    workers = [Worker(settings, file, callers=callers, finish=True) for file in files]
    for worker in workers:
        worker.wait_until_ready()
    for worker in workers:
        worker.go()
    for worker in workers:
        worker.wait()
    return [worker.said[1:] for worker in workers]


def test_two_processes_with_one_key_make_one_call_and_get_the_same_image(
    emulate: Emulate, environment: dict[str, str], tmp_path: Path
) -> None:
    together = emulate("together")
    together.latency = 0.2
    asked = {"prompt": "a red fox", "model": SCHNELL, "enhance": False, "idempotency_key": "order-1"}
    first, second = race(environment | together.environment(), tmp_path, [[asked], [asked]], 1)
    assert len(together.submits) == 1
    assert first[0]["job_id"] == second[0]["job_id"]
    assert first[1]["state"] == "completed"
    assert first[1] == second[1]


def test_eight_callers_in_each_of_two_processes_buy_each_key_once(
    emulate: Emulate, environment: dict[str, str], tmp_path: Path
) -> None:
    together = emulate("together")
    asked = [
        {"prompt": f"fox {number % 10}", "model": SCHNELL, "enhance": False, "idempotency_key": f"k{number % 10}"}
        for number in range(40)
    ]
    said = race(environment | together.environment(), tmp_path, [asked, asked], 8)
    assert Counter(order.prompt for order in together.orders) == {f"fox {number}": 1 for number in range(10)}
    assert len({line["job_id"] for lines in said for line in lines if "job_id" in line}) == 10


async def test_the_same_key_with_another_request_is_a_conflict_that_names_the_job(
    emulate: Emulate, forge_on: OpenForge
) -> None:
    together = emulate("together")
    async with forge_on(together) as forge:
        job = await draw(forge, idempotency_key="order-1")
        with pytest.raises(IdempotencyConflict) as caught:
            await draw(forge, idempotency_key="order-1", prompt="a blue fox")
    assert caught.value.details["job_id"] == job.job_id
    assert len(together.submits) == 1


async def test_a_key_is_free_again_after_a_day(emulate: Emulate, forge_on: OpenForge, clock: VirtualClock) -> None:
    together = emulate("together")
    async with forge_on(together) as forge:
        first = await draw(forge, idempotency_key="order-1")
        clock.advance(24 * 3600 - 60)
        assert (await draw(forge, idempotency_key="order-1")).job_id == first.job_id
        clock.advance(120)
        assert (await draw(forge, idempotency_key="order-1")).job_id != first.job_id
    assert len(together.submits) == 2


async def test_a_failed_job_keeps_its_key(emulate: Emulate, forge_on: OpenForge) -> None:
    together = emulate("together")
    async with forge_on(together) as forge:
        together.fault("cut", times=1)
        failed = await draw(forge, idempotency_key="order-1")
        again = await draw(forge, idempotency_key="order-1")
    assert (failed.state, again.job_id) == (JobState.FAILED, failed.job_id)
    assert len(together.submits) == 1


# Caps ---------------------------------------------------------------------------------------------------------------


async def test_of_two_hundred_callers_exactly_those_go_out_that_the_daily_budget_pays_for(
    emulate: Emulate, client_on: OpenClient, environment: dict[str, str]
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    codes: Counter[str] = Counter()

    async def call(client: Client, number: int) -> None:
        arguments = {"prompt": f"fox {number}", "model": SCHNELL, "width": 256, "height": 256}
        result = await client.call_tool("generate_image", arguments)
        answer = json.loads(result.content[0].text)  # type: ignore[union-attr]
        codes[answer["code"] if result.is_error else answer["state"]] += 1

    async with client_on(together, IMGFORGE_DAILY_BUDGET_USD="1.00") as client, anyio.create_task_group() as tasks:
        for number in range(CALLERS):
            tasks.start_soon(call, client, number)
    assert len(together.submits) == 25
    assert codes == {"completed": 25, "budget_exceeded": CALLERS - 25}


def test_the_budget_holds_across_four_processes(emulate: Emulate, environment: dict[str, str], tmp_path: Path) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    settings = environment | together.environment() | {"IMGFORGE_DAILY_BUDGET_USD": "1.00"}
    asked = [
        [{"prompt": f"fox {process}.{number}", "model": SCHNELL, "width": 256, "height": 256} for number in range(50)]
        for process in range(4)
    ]
    said = [line for lines in race(settings, tmp_path, asked, 50) for line in lines]
    assert len(together.submits) == 25
    assert Counter(line["state"] for line in said if "state" in line) == {"completed": 25}
    assert Counter(line["code"] for line in said if "code" in line) == {"budget_exceeded": CALLERS - 25}


async def test_a_call_that_was_not_billed_gives_its_money_back(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    async with forge_on(together, IMGFORGE_DAILY_BUDGET_USD="0.04") as forge:
        together.fault("503", times=1)
        assert (await draw(forge)).state is JobState.FAILED
        assert await committed(forge) == 0
        assert (await draw(forge)).state is JobState.COMPLETED
        with pytest.raises(BudgetExceeded):
            await draw(forge)


async def test_the_daily_budget_is_new_at_midnight_and_the_monthly_one_is_not(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    caps = {"IMGFORGE_DAILY_BUDGET_USD": "0.04", "IMGFORGE_MONTHLY_BUDGET_USD": "0.10"}
    async with forge_on(together, **caps) as forge:
        await draw(forge)
        with pytest.raises(BudgetExceeded) as caught:
            await draw(forge)
        assert caught.value.details["budget"] == "daily"
        clock.advance(24 * 3600)
        await draw(forge)
        clock.advance(24 * 3600)
        with pytest.raises(BudgetExceeded) as caught:
            await draw(forge)
        assert caught.value.details["budget"] == "monthly"
        clock.advance(10 * 24 * 3600)
        assert (await draw(forge)).state is JobState.COMPLETED
    assert len(together.submits) == 3


async def test_several_images_are_reserved_together(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    async with forge_on(together, IMGFORGE_DAILY_BUDGET_USD="0.10") as forge:
        with pytest.raises(BudgetExceeded):
            await draw(forge, n=3)
        job = await draw(forge, n=2)
    assert job.cost_usd == 0.08
    assert len(together.submits) == 1


@pytest.mark.parametrize(
    ("request_limit", "configured"),
    [
        pytest.param(0.03, None, id="of the request"),
        pytest.param(None, "0.03", id="of the configuration"),
        pytest.param(1.0, "0.03", id="the smaller of both"),
    ],
)
async def test_a_cost_limit_refuses_a_dearer_model_before_anything_is_sent(
    emulate: Emulate,
    forge_on: OpenForge,
    environment: dict[str, str],
    request_limit: float | None,
    configured: str | None,
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    variables = {} if configured is None else {"IMGFORGE_MAX_COST_USD": configured}
    async with forge_on(together, **variables) as forge:
        with pytest.raises(BudgetExceeded):
            await draw(forge, max_cost_usd=request_limit)
        assert not await forge.recent_jobs(1, forge.caller())
    assert not together.calls


@pytest.mark.parametrize(
    "variable", ["IMGFORGE_MAX_COST_USD", "IMGFORGE_DAILY_BUDGET_USD", "IMGFORGE_MONTHLY_BUDGET_USD"]
)
async def test_where_money_is_limited_a_model_without_a_price_is_not_used(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], variable: str
) -> None:
    configure(environment, UNPRICED)
    together = emulate("together")
    async with forge_on(together, **{variable: "5"}) as forge:
        with pytest.raises(BudgetExceeded):
            await draw(forge)
    assert not together.calls


async def test_without_a_limit_an_unknown_price_is_said_to_be_unknown(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, UNPRICED)
    async with forge_on(emulate("together")) as forge:
        job = await draw(forge)
    assert (job.state, job.cost_usd, job.cost_basis) == (JobState.COMPLETED, None, CostBasis.UNKNOWN)


# The user's own limits for a provider -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "window"), [pytest.param("per_minute", 61, id="minute"), pytest.param("per_day", 86_400, id="day")]
)
async def test_a_limit_of_calls_holds_until_its_window_has_passed(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock, limit: str, window: float
) -> None:
    configure(environment, f"[providers.together]\n{limit} = 2\n")
    together = emulate("together")
    async with forge_on(together) as forge:
        states = [(await draw(forge)).state for _ in range(2)]
        refused = await draw(forge)
        assert len(together.submits) == 2
        clock.advance(window)
        after = await draw(forge)
    assert (*states, refused.state, after.state) == (
        JobState.COMPLETED,
        JobState.COMPLETED,
        JobState.FAILED,
        JobState.COMPLETED,
    )
    assert code_of(refused) == "quota_exceeded"
    assert "limit of 2 calls" in (refused.error or {})["error"]


async def test_a_limit_of_calls_sends_the_next_request_to_another_provider(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, TWO_PRICES + "[providers.together]\nper_day = 1\n")
    together, bfl = emulate("together"), emulate("bfl")
    async with forge_on(together, bfl) as forge:
        jobs = [await draw(forge, model="flux-1.1-pro") for _ in range(3)]
    assert [job.provider for job in jobs] == ["together", "bfl", "bfl"]
    assert (len(together.submits), len(bfl.submits)) == (1, 2)


# What may have been billed ------------------------------------------------------------------------------------------


def arm(emulator: Emulator, kind: str, clock: VirtualClock, phase: str = "submit", times: int | None = 1) -> None:
    """Set a fault; a call that hangs runs into its time limit at once."""
    loop = asyncio.get_running_loop()

    def run_out() -> None:
        loop.call_soon_threadsafe(clock.advance, SUBMIT_SECONDS + 1)

    emulator.on_hang = run_out
    emulator.fault(kind, phase, times)


@pytest.mark.parametrize("kind", UNANSWERED)
async def test_a_call_without_an_answer_is_not_repeated_and_counts_as_spent(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock, kind: str
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    async with forge_on(together) as forge:
        arm(together, kind, clock)
        job = await draw(forge)
        assert await committed(forge) == 0.04
    assert (job.state, code_of(job), job.cost_usd) == (JobState.FAILED, "provider_error", 0.04)
    (attempt,) = job.attempts
    assert (attempt.outcome, attempt.maybe_billed, attempt.cost_usd) == ("ambiguous", True, 0.04)
    assert "billed" in (job.error or {})["error"]
    assert len(together.submits) == 1


@pytest.mark.parametrize("kind", UNANSWERED)
async def test_no_other_model_of_that_provider_is_tried_either(
    emulate: Emulate, forge_on: OpenForge, clock: VirtualClock, kind: str
) -> None:
    together = emulate("together")
    async with forge_on(together) as forge:
        arm(together, kind, clock)
        job = await draw(forge, model=None)
    assert job.state is JobState.FAILED
    assert len(together.submits) == 1


@pytest.mark.parametrize(
    ("variables", "limit", "is_bought_elsewhere"),
    [
        pytest.param({}, None, True, id="no limit"),
        pytest.param({}, 0.08, True, id="the limit pays for both"),
        pytest.param({}, 0.07, False, id="the limit pays for one"),
        pytest.param({"IMGFORGE_MAX_COST_USD": "0.07"}, None, False, id="the configured limit pays for one"),
        pytest.param({"IMGFORGE_DAILY_BUDGET_USD": "0.07"}, None, False, id="the daily budget pays for one"),
    ],
)
@pytest.mark.parametrize("kind", UNANSWERED)
async def test_after_it_another_provider_is_asked_only_within_the_cost_limit(
    emulate: Emulate,
    forge_on: OpenForge,
    environment: dict[str, str],
    clock: VirtualClock,
    kind: str,
    variables: dict[str, str],
    limit: float | None,
    is_bought_elsewhere: bool,
) -> None:
    configure(environment, TWO_PRICES)
    together, bfl = emulate("together"), emulate("bfl")
    async with forge_on(together, bfl, **variables) as forge:
        arm(together, kind, clock)
        job = await draw(forge, model="flux-1.1-pro", max_cost_usd=limit)
        spent = await committed(forge)
    assert job.state is (JobState.COMPLETED if is_bought_elsewhere else JobState.FAILED)
    assert (len(together.submits), len(bfl.submits)) == (1, int(is_bought_elsewhere))
    assert job.attempts[0].maybe_billed
    assert job.cost_usd == spent == (0.08 if is_bought_elsewhere else 0.04)


@pytest.mark.parametrize("kind", ["empty", "not_an_image", "truncated_image", "wrong_shape", "not_json"])
async def test_a_paid_answer_without_a_sound_image_counts_as_spent(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], kind: str
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    async with forge_on(together) as forge:
        together.fault(kind, times=1)
        job = await draw(forge)
        assert await committed(forge) == 0.04
    assert job.state is JobState.FAILED
    assert [attempt.maybe_billed for attempt in job.attempts] == [True]
    assert len(together.submits) == 1


@pytest.mark.parametrize("kind", ["400", "401", "402", "404", "429", "500", "503"])
async def test_an_error_answer_costs_nothing(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], kind: str
) -> None:
    configure(environment, PRICED)
    together = emulate("together")
    async with forge_on(together) as forge:
        together.fault(kind, times=1)
        job = await draw(forge)
        assert await committed(forge) == 0
    assert (job.state, job.cost_usd) == (JobState.FAILED, 0.0)
    assert not any(attempt.maybe_billed for attempt in job.attempts)
    assert not together.submits


@pytest.mark.parametrize(
    ("provider", "model", "refusal", "billed"),
    [
        pytest.param("fal", "fal/flux-2-pro", "refusal:content_policy_violation", "maybe", id="by fal's runner"),
        pytest.param("gemini", "gemini/gemini-2.5-flash-image", "refusal:prompt_safety", "told", id="Gemini's 200"),
        pytest.param("bfl", "bfl/flux-1.1-pro", "refusal:request_moderated", "none", id="BFL bills none"),
        pytest.param("together", SCHNELL, "refusal:nsfw", "none", id="an error's status"),
    ],
)
async def test_a_refusal_counts_as_spent_where_its_provider_may_bill_it(
    emulate: Emulate, forge_on: OpenForge, provider: str, model: str, refusal: str, billed: str
) -> None:
    """At the price that was held, or at what the answer tells: Gemini's has the tokens of the prompt."""
    emulator = emulate(provider)
    emulator.fault(refusal, times=1)
    async with forge_on(emulator) as forge:
        job = await draw(forge, model=model)
        spent = await committed(forge)
    assert code_of(job) == "content_refused"
    [attempt] = job.attempts
    assert attempt.price_usd is not None
    assert attempt.maybe_billed is (billed == "maybe")
    assert job.cost_usd == spent == attempt.cost_usd
    assert {"maybe": spent == attempt.price_usd, "told": 0 < spent < attempt.price_usd / 100, "none": spent == 0}[
        billed
    ]


async def test_work_that_was_accepted_and_never_finished_counts_as_spent(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str]
) -> None:
    configure(environment, TWO_PRICES)
    bfl = emulate("bfl")
    bfl.fault("never")
    async with forge_on(bfl) as forge:
        job = await draw(forge, model="bfl/flux-1.1-pro")
        assert await committed(forge) == 0.04
    assert (job.state, code_of(job)) == (JobState.FAILED, "timeout")
    assert [attempt.maybe_billed for attempt in job.attempts] == [True]
    assert len(bfl.submits) == 1


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        *((kind, "poll") for kind in ("401", "404", "hang", "cut", "not_json", "wrong_shape", "redirect", "503")),
        *(
            (kind, "download")
            for kind in ("404", "hang", "cut", "not_an_image", "truncated_image", "redirect", "empty")
        ),
    ],
)
async def test_accepted_work_whose_image_cannot_be_had_counts_as_spent(
    emulate: Emulate, forge_on: OpenForge, environment: dict[str, str], clock: VirtualClock, kind: str, phase: str
) -> None:
    configure(environment, TWO_PRICES)
    bfl = emulate("bfl")
    arm(bfl, kind, clock, phase, times=None)
    async with forge_on(bfl) as forge:
        job = await draw(forge, model="bfl/flux-1.1-pro")
        assert await committed(forge) == 0.04
    assert job.state is JobState.FAILED
    assert [(attempt.maybe_billed, attempt.cost_usd) for attempt in job.attempts] == [(True, 0.04)]
    assert len(bfl.submits) == 1
