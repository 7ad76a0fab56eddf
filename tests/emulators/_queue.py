"""The base of emulators that take work in and are asked for it later."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.emulators._emulator import Emulator
from tests.emulators._faults import Fault
from tests.emulators._picture import Picture
from tests.emulators._wire import Answer, Call, Order

NEVER = 10**9


@dataclass(slots=True, kw_only=True)
class Work:
    """Accepted work: how often it will still say "not yet", and how it ends."""

    order: Order
    pictures: list[Picture]
    polls_left: int
    refusal: str = ""
    is_canceled: bool = False

    def look(self) -> bool:
        """Count one poll; True once the work is over."""
        self.polls_left -= 1
        return self.polls_left < 0


class QueueEmulator(Emulator):
    """Submit takes work in; a fault in the work itself (never, refusal, a bad picture) shows when it is asked for."""

    is_queue: ClassVar[bool] = True
    hands_out_urls: ClassVar[bool] = True
    phases: ClassVar[tuple[str, ...]] = ("poll",)
    accepts_with: ClassVar[int] = 200

    def __init__(self, key: str | None = None) -> None:
        super().__init__(key)
        self.work: dict[str, Work] = {}

    @property
    def supported_faults(self) -> frozenset[tuple[str, str]]:
        """Those of a submit, and the accidents of polling."""
        kinds = {"401", "404", "429", "500", "503", "hang", "cut", "not_json", "wrong_shape", "echo_key", "redirect"}
        polls = {(kind, phase) for kind in kinds - self.undocumented for phase in self.phases}
        refusal = {("refusal", self.phases[-1])} if self.refusals else set()
        return super().supported_faults | polls | refusal | {("never", "poll")}

    def reset(self) -> None:
        """Forget the work too."""
        super().reset()
        self.work.clear()

    def accepted(self, call: Call, order: Order) -> dict[str, Any]:
        """The handle that a submit is answered with."""
        raise NotImplementedError

    def pending(self, work: Work | None, call: Call) -> Answer:
        """What a poll hears while the work goes on."""
        raise NotImplementedError

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """Take the work in and decide its end."""
        kind, _, name = (fault.kind if fault else "").partition(":")
        self.work[order.identifier] = Work(
            order=order,
            pictures=self.pictures(order, fault),
            polls_left=NEVER if kind == "never" else self.polls,
            refusal=(name or self.refusals[0]) if kind == "refusal" else "",
        )
        return Answer(self.accepts_with, self.accepted(call, order))

    def _injected(self, fault: Fault | None, call: Call, *, is_queued: bool) -> Answer | None:
        if fault is not None and fault.kind == "never" and not is_queued:
            return self.pending(None, call)
        return super()._injected(fault, call, is_queued=is_queued)
