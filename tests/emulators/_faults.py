"""The fault switch: which call is answered badly, in which way, and how often."""

import threading
from dataclasses import dataclass, replace

PHASES = ("submit", "poll", "result", "download")

# The provider's own error answers, by the name a test gives them.
STATUSES = ("400", "401", "402", "403", "404", "429", "quota", "500", "503")
# What any server or middlebox can do to any call.
ACCIDENTS = ("hang", "cut", "not_json", "wrong_shape", "echo_key", "redirect")
# What can be wrong with a piece of work that was accepted; a queue shows it only later.
FATES = ("never", "empty", "not_an_image", "truncated_image", "refusal")

HTML_PAGE = b"<!DOCTYPE html><html><head><title>Please wait</title></head><body>One moment</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong; `times` counts down, None stays until cleared."""

    kind: str
    phase: str = "submit"
    times: int | None = None
    retry_after: float | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the provider's safety system speaks."""
        return self.kind.partition(":")[0] == "refusal"

    @property
    def is_fate(self) -> bool:
        """Whether it concerns the work and not the call."""
        return self.kind.partition(":")[0] in FATES


class Switch:
    """Faults waiting for their calls, first set first served; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def set(self, fault: Fault) -> None:
        """Queue a fault behind the counted ones of its phase; one without a count gives way to it."""
        with self._lock:
            kept = [each for each in self._waiting if each.phase != fault.phase or each.times is not None]
            self._waiting = [*kept, fault]

    def take(self, phase: str) -> Fault | None:
        """The fault for the call that has just arrived, if any."""
        with self._lock:
            for index, fault in enumerate(self._waiting):
                if fault.phase == phase:
                    self._count_down(index)
                    return fault
        return None

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting = []

    def _count_down(self, index: int) -> None:
        fault = self._waiting[index]
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._waiting[index]
        else:
            self._waiting[index] = replace(fault, times=fault.times - 1)
