"""Money as a machine of states: whatever is asked, repeated, failed, restarted, in whatever order, the provider's own
record holds one call a key, and never more than the budget."""

import tempfile
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import hypothesis.strategies as st
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from imgforge_mcp import Forge, ImageRequest, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.types import Job
from tests import emulators
from tests.faults import tally
from tests.virtual_clock import VirtualClock

PRICE, BUDGET = 0.01, 0.05
CONFIG = f'[models."together/flux-schnell"]\nprice = {{ image = {PRICE} }}\n'
KINDS = ("500", "503", "429", "cut", "html", "401", "empty", "refusal", "wrong_shape")
DAY = 86_400.0
ENDED = ("completed", "failed", "canceled")


class Money(RuleBasedStateMachine):
    """A caller, a forge that may be closed and opened again, and a provider that may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.emulator = emulators.load("together")
        self.stack.enter_context(self.emulator.serve())
        self.portal = self.stack.enter_context(start_blocking_portal())
        (self.folder / "config.toml").write_text(CONFIG)
        self.config = load_config(
            {
                "IMGFORGE_HOME": str(self.folder / "home"),
                "IMGFORGE_CONFIG": str(self.folder / "config.toml"),
                "IMGFORGE_WORKER": "inline",
                "IMGFORGE_DAILY_BUDGET_USD": str(BUDGET),
                **self.emulator.environment(),
            }
        )
        self.clock = VirtualClock()
        self.jobs: dict[str, str] = {}
        self.opened: AbstractContextManager[Forge] | None = None
        self.open()

    def open(self) -> None:
        self.opened = self.portal.wrap_async_context_manager(open_forge(self.config, self.clock))
        self.forge = self.opened.__enter__()

    def close(self) -> None:
        if self.opened is not None:
            self.opened.__exit__(None, None, None)
            self.opened = None

    def teardown(self) -> None:
        self.close()
        self.emulator.clear()
        self.stack.close()

    async def _ask(self, key: str, prompt: str) -> Job | ForgeError:
        try:
            request = ImageRequest(prompt=prompt, model="together/flux-schnell", idempotency_key=key)
            job = await self.forge.submit(request, self.forge.caller())
            return await self.forge.job(job.job_id, self.forge.caller(), wait_seconds=3600.0)
        except ForgeError as error:
            return error

    @rule(key=st.integers(1, 9), word=st.sampled_from(["fox", "fox", "owl"]))
    def ask(self, key: int, word: str) -> None:
        name, prompt = f"key-{key}", f"a {word} for key {key}"
        answer = self.portal.call(self._ask, name, prompt)
        if isinstance(answer, ForgeError):
            assert answer.code != "internal"
            return
        assert answer.state in ENDED
        assert all(attempt.ended_at is not None for attempt in answer.attempts)
        assert self.jobs.setdefault(name, answer.job_id) == answer.job_id

    @rule(kind=st.sampled_from(KINDS), times=st.integers(1, 2))
    def fail(self, kind: str, times: int) -> None:
        if (kind, "submit") in self.emulator.supported_faults:
            self.emulator.fault(kind, times=times)

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @precondition(lambda self: self.jobs)
    @rule(which=st.integers(0, 8))
    def cancel(self, which: int) -> None:
        job_id = list(self.jobs.values())[which % len(self.jobs)]
        job, was_over = self.portal.call(self.forge.cancel, job_id, self.forge.caller())
        assert was_over
        assert job.state in ENDED

    @rule(hours=st.integers(1, 3))
    def wait(self, hours: int) -> None:
        """Less than a day in all, so that the budget is one."""
        if self.clock.monotonic() + hours * 3600 < DAY / 3:
            self.portal.call(self.clock.advance, hours * 3600.0)

    @invariant()
    def nothing_is_bought_twice_or_above_the_budget(self) -> None:
        prompts = Counter(call.fields["prompt"] for call in self.emulator.submits)
        assert all(number == 1 for number in prompts.values()), prompts
        assert sum(prompts.values()) * PRICE <= BUDGET + 1e-9


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # the forge lives on while a step is drawn
def test_whatever_is_asked_in_whatever_order_is_paid_for_once_and_within_the_budget() -> None:
    examples, steps = tally.size(100, least=4), 20
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tally.generated(examples * steps)
