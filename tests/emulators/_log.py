"""The record of what arrived and of what was accepted as paid work; safe to read from any thread."""

import threading
from typing import Any

from tests.emulators._wire import Call, Order


class Log:
    """Calls in order of arrival, orders in order of acceptance, and whatever the documentation does not foresee."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._calls: list[Call] = []
        self._accepted: list[tuple[Call, Order]] = []
        self._surprises: list[str] = []
        self._numbers = 0

    def next_number(self) -> int:
        """A number for the next call or order; never used twice."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def add(self, call: Call) -> None:
        """Record an arrival."""
        with self._lock:
            self._calls.append(call)

    def accept(self, call: Call, order: Order) -> None:
        """Record work that would be billed."""
        with self._lock:
            self._accepted.append((call, order))
            self._lock.notify_all()

    def wait_for_submits(self, number: int, timeout: float) -> bool:
        """Block the calling thread until that many were accepted; False when the time ran out."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self._accepted) >= number, timeout)

    def surprise(self, text: str) -> None:
        """Record something that the documentation does not foresee."""
        with self._lock:
            self._surprises.append(text)

    def forget(self) -> None:
        """Start an empty record; numbers go on."""
        with self._lock:
            self._calls, self._accepted, self._surprises = [], [], []

    @property
    def calls(self) -> list[Call]:
        """Everything that arrived, the control routes excepted."""
        with self._lock:
            return list(self._calls)

    @property
    def submits(self) -> list[Call]:
        """The calls that were accepted as paid work."""
        with self._lock:
            return [call for call, _ in self._accepted]

    @property
    def orders(self) -> list[Order]:
        """What those calls asked for, in the same order."""
        with self._lock:
            return [order for _, order in self._accepted]

    @property
    def surprises(self) -> list[str]:
        """What the documentation does not foresee."""
        with self._lock:
            return list(self._surprises)

    def summary(self) -> dict[str, Any]:
        """The record as JSON, without bodies and without headers."""
        with self._lock:
            accepted = {call.number: order for call, order in self._accepted}
            calls = [_line(call, accepted.get(call.number)) for call in self._calls]
            return {"submits": len(self._accepted), "calls": calls, "surprises": list(self._surprises)}


def _line(call: Call, order: Order | None) -> dict[str, Any]:
    line: dict[str, Any] = {"number": call.number, "method": call.method, "path": call.path, "submit_id": None}
    if order is not None:
        line |= {"submit_id": order.identifier, "model": order.model, "prompt": order.prompt}
    return line
