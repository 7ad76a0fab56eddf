"""A worker's side: doors that hand jobs over and ask about them, until nothing has been left to do for a while."""

import hmac
import logging
import math
from collections.abc import Callable
from typing import Any

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.base.tracing import continued
from imgforge_mcp.base.types import Json
from imgforge_mcp.jobs.detached.wire import Listening, Wire
from imgforge_mcp.jobs.running import RunningJob
from imgforge_mcp.jobs.worker import Worker
from imgforge_mcp.storage.registry.contract import Registry

IDLE_SECONDS = 60.0
"""How long a worker stays after its last job and its last webhook, if nothing that it holds is worth more."""
FINISH_SECONDS = 30.0
"""How long a worker that is told to end lets the calls that are out go on."""
GREETING_SECONDS = 5.0
LEAVING = "leaving"
"""The answer of a worker that takes nothing new to a job that is handed over: it is for the next one."""

logger = logging.getLogger(__name__)


class Host:
    """One per worker process."""

    def __init__(self, worker: Worker, registry: Registry, clock: Clock, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._worker = worker
        self._registry = registry
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._over = anyio.Event()
        self._is_leaving = False
        self._taking = 0

    def leave(self) -> None:
        """Take nothing new, finish what is out, and end."""
        self._over.set()

    async def serve(self, listening: Listening, leave_place: Callable[[], None], *, is_on_demand: bool) -> None:
        """Until it is told to leave, or, on demand, until it has been idle for a while. The place is left to the next
        worker before the last calls are finished."""
        async with listening.listener, anyio.create_task_group() as tasks:

            async def attend(stream: anyio.abc.ByteStream) -> None:
                await self._attend(Wire(stream), listening.secret)

            tasks.start_soon(listening.listener.serve, attend)
            if is_on_demand:
                tasks.start_soon(self._leave_when_idle)
            await self._over.wait()
            self._is_leaving = True
            leave_place()
            self._worker.retire()
            with self._clock.move_on_after(FINISH_SECONDS):
                await self._worker.wait_until_idle()
            tasks.cancel_scope.cancel()

    async def _leave_when_idle(self) -> None:
        seconds = self._idle_seconds
        while not self._over.is_set():
            await self._worker.wait_until_idle()
            with self._clock.move_on_after(seconds) as wait:
                await self._worker.wait_until_busy()
            seconds = self._idle_seconds
            if wait.cancelled_caught and not self._taking:
                left = await self._until_next_webhook()
                if left is None:
                    self.leave()
                else:
                    seconds += left

    async def _until_next_webhook(self) -> float | None:
        """Seconds until somebody is told again that was not reached; None where nobody is left to be told. Whoever
        tells must stay, for on this home there may be nobody else."""
        try:
            due = await self._registry.outbox.next_due([])
        except ForgeError as error:
            logger.error("%s", error.message)
            return None
        return None if due is None else max(0.0, (due - self._clock.now()).total_seconds())

    # One door ---------------------------------------------------------------------------------------------------------

    async def _attend(self, wire: Wire, secret: str) -> None:
        handed = set[str]()
        try:
            async with anyio.create_task_group() as tasks:
                if await self._is_greeted(wire, secret):
                    while (message := await wire.receive()) is not None:
                        await self._answer(wire, message, handed, tasks)
                tasks.cancel_scope.cancel()
        finally:
            await wire.close()
            if not self._is_leaving:
                with anyio.CancelScope(shield=True):
                    await self._part_from(handed)

    async def _is_greeted(self, wire: Wire, secret: str) -> bool:
        message: Json | None = None
        with self._clock.move_on_after(GREETING_SECONDS if secret else math.inf):
            message = await wire.receive()
        return message is not None and hmac.compare_digest(str(message.get("secret")).encode(), secret.encode())

    async def _part_from(self, handed: set[str]) -> None:
        """The door is gone: of what it handed over nobody waits for an answer, so that an equal call may join; and it
        may have recorded a job that it had no time to hand over."""
        for job_id in handed:
            if self._worker.running(job_id) is not None:
                try:
                    await self._registry.jobs.cut_off(job_id)
                except ForgeError as error:
                    logger.error("%s", error.message)
        self._worker.look_around()

    async def _answer(self, wire: Wire, message: Json, handed: set[str], tasks: anyio.abc.TaskGroup) -> None:
        job_id, number = str(message.get("job")), message.get("number")
        if message.get("ask") == "call_off":  # it may take a while, and others ask meanwhile
            tasks.start_soon(self._call_off, wire, job_id, number)
            return
        answer: Any = False
        try:
            match message.get("ask"):
                case "run":
                    with continued(message.get("traceparent")):
                        answer = LEAVING if self._is_leaving else await self._taken(job_id, str(message.get("owner")))
                    if answer is True:
                        handed.add(job_id)
                case "follow":
                    if self._worker.running(job_id) is None:
                        await self._worker.adopt()
                    answer = self._worker.running(job_id) is not None
                case "cut_off":
                    handed.discard(job_id)
                    await self._worker.cut_off(job_id)
                    answer = True
        except ForgeError as error:
            logger.error("%s", error.message)
        running = self._worker.running(job_id)
        if running is not None and answer is True and message["ask"] != "cut_off":
            tasks.start_soon(self._tell_end, wire, running)
        await wire.send(number=number, answer=answer)

    async def _taken(self, job_id: str, owner: str) -> bool:
        self._taking += 1
        try:
            return await self._worker.take(job_id, owner)
        finally:
            self._taking -= 1

    async def _call_off(self, wire: Wire, job_id: str, number: Any) -> None:
        answer = False
        try:
            answer = await self._worker.call_off(job_id)
        except ForgeError as error:
            logger.error("%s", error.message)
        await wire.send(number=number, answer=answer)

    async def _tell_end(self, wire: Wire, running: RunningJob) -> None:
        await running.done.wait()
        await wire.send(ended=running.job.job_id)
