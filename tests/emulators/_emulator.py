"""The base of every emulator: routes, key check, fault switch, record and pictures around a provider's own rules."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.routing import compile_path

from tests.emulators import _control
from tests.emulators._faults import ACCIDENTS, FATES, HTML_PAGE, STATUSES, Fault, Switch
from tests.emulators._log import Log
from tests.emulators._picture import Picture, draw, numbered, unlike
from tests.emulators._serve import serve
from tests.emulators._wire import Answer, Call, Declined, Order, read

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[..., Any]

KEPT_FILES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """A route's mark on the method that serves it."""

    method: str
    path: str
    phase: str
    keyed: bool


def route(method: str, path: str, *, phase: str = "", keyed: bool = True) -> Callable[[Handler], Handler]:
    """Mark a method as the answer to a path; in phase `submit` it returns an Order, elsewhere an Answer."""

    def mark(handler: Handler) -> Handler:
        doors: list[Presentation] = [
            *getattr(handler, "doors", []),
            Presentation(method=method, path=path, phase=phase, keyed=keyed),
        ]
        handler.doors = doors  # type: ignore[attr-defined]
        return handler

    return mark


class Emulator:
    """One provider on the wire. A subclass gives its routes, its errors, its refusals and the shape of its reply."""

    name: ClassVar[str]
    key_variable: ClassVar[str] = ""
    # A server on the user's own machine asks for none.
    needs_key: ClassVar[bool] = True
    key_header: ClassVar[str] = "authorization"
    key_prefix: ClassVar[str] = "Bearer "
    refusals: ClassVar[tuple[str, ...]] = ()
    # Those of the refusals that may as well be a misunderstanding, so that trying elsewhere is no sin.
    soft_refusals: ClassVar[tuple[str, ...]] = ()
    undocumented: ClassVar[frozenset[str]] = frozenset({"quota"})
    hands_out_urls: ClassVar[bool] = False
    is_queue: ClassVar[bool] = False
    wrong_shape: ClassVar[Any] = {"unexpected": True}

    def __init__(self, key: str | None = None) -> None:
        self.key = key or f"canary-{self.name}-{hashlib.sha256(self.name.encode()).hexdigest()[:10]}"
        self.base_url = ""
        self.log = Log()
        self._faults = Switch()
        self._hanging: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._files: OrderedDict[str, Picture] = OrderedDict()
        self._last_about = ""
        self._routes = [
            # DOTALL: a prompt in a path may hold line breaks.
            (re.compile(compile_path(door.path)[0].pattern, re.DOTALL), door, getattr(self, attribute))
            for attribute in dir(type(self))
            for door in getattr(getattr(type(self), attribute), "doors", [])
        ]
        self._settle()

    # What a provider says for itself.

    def failure(self, kind: str, message: str = "") -> Answer:
        """The provider's own answer for a kind of error in `STATUSES`."""
        raise NotImplementedError

    def reply(self, call: Call, order: Order, pictures: list[Picture]) -> Answer:
        """The answer to a paid call that went well."""
        raise NotImplementedError

    def refuse(self, name: str, call: Call) -> Answer:
        """One of `refusals`."""
        raise NotImplementedError

    def with_delay(self, answer: Answer, seconds: float) -> Answer:
        """Tell when to come back."""
        return replace(answer, headers={**answer.headers, "Retry-After": f"{seconds:g}"})

    def offered_key(self, call: Call) -> str | None:
        """The key that came with a call."""
        value = call.headers.get(self.key_header, "")
        return value.removeprefix(self.key_prefix) if value.startswith(self.key_prefix) and value else None

    def finish(self, call: Call, order: Order, fault: Fault | None) -> Answer:
        """Do the work of an accepted call; a queue only takes it in."""
        return self.reply(call, order, self.pictures(order, fault))

    # What a test turns and reads.

    def fault(
        self, kind: str, phase: str = "submit", times: int | None = None, retry_after: float | None = None
    ) -> None:
        """Answer the next `times` calls of that phase badly; None: all until `clear()`."""
        if (kind, phase) not in self.supported_faults:
            raise ValueError(f"{self.name} has no fault {kind!r} in phase {phase!r}")
        self._faults.set(Fault(kind=kind, phase=phase, times=times, retry_after=retry_after))

    def stop_answering(self, phase: str) -> None:
        """Let every call of a phase hang until `clear()`, one that buys nothing included, such as `cancel`."""
        self._faults.set(Fault(kind="hang", phase=phase))

    def clear(self) -> None:
        """Switch all faults off; hung calls are answered after all."""
        self._faults.clear()
        for loop, event in list(self._hanging):
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    def reset(self) -> None:
        """As new: no faults, default settings, an empty record."""
        self.clear()
        self._settle()
        self.log.forget()

    @property
    def supported_faults(self) -> frozenset[tuple[str, str]]:
        """Every (kind, phase) that makes sense for this provider."""
        named = [f"refusal:{name}" for name in self.refusals]
        fates = [kind for kind in FATES if kind != "refusal" or self.refusals]
        found = {(kind, "submit") for kind in (*STATUSES, *ACCIDENTS, *fates, *named) if kind not in self.undocumented}
        if self.hands_out_urls:
            kinds = ("403", "404", "429", "500", "503", "hang", "cut", "redirect", "empty")
            found |= {(kind, "download") for kind in (*kinds, "not_an_image", "truncated_image")}
        return frozenset(found)

    @property
    def calls(self) -> list[Call]:
        """Everything that arrived."""
        return self.log.calls

    @property
    def submits(self) -> list[Call]:
        """The calls that were accepted as paid work, whether or not their answer arrived."""
        return self.log.submits

    @property
    def orders(self) -> list[Order]:
        """What the submits asked for."""
        return self.log.orders

    def wait_for_submits(self, number: int = 1, timeout: float = 30.0) -> bool:
        """Block until that many submits were accepted; for tests in threads and with other processes. The machine may
        be busy: a test that passes never waits so long."""
        return self.log.wait_for_submits(number, timeout)

    @property
    def surprises(self) -> list[str]:
        """What arrived and is not in the documentation."""
        return self.log.surprises

    def environment(self, base_url: str = "") -> dict[str, str]:
        """The variables that point imgforge at this emulator."""
        key = {self.key_variable: self.key} if self.needs_key else {}
        return {**key, f"IMGFORGE_{self.name.upper()}_BASE_URL": base_url or self.base_url}

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Serve on loopback and yield the base URL."""
        with serve(self, port) as self.base_url:
            yield self.base_url

    # Support for a provider's rules.

    def decline(self, kind: str, message: str = "") -> Declined:
        """Raise this to answer with one of the provider's errors."""
        return Declined(self.failure(kind, message))

    def expect(self, call: Call, known: Iterable[str]) -> Mapping[str, Any]:
        """The fields of a JSON object or form; those that the documentation does not name are surprises."""
        if not call.form and not (isinstance(call.json, dict) and call.media == "application/json"):
            raise self.decline("400", "the body must be a JSON object")
        for name in sorted(({*call.fields, *call.uploads}) - set(known)):
            self.log.surprise(f"{call.path}: field {name!r} is not documented")
        return call.fields

    def pictures(self, order: Order, fault: Fault | None = None) -> list[Picture]:
        """What the order brings, spoiled where the fault says so."""
        kind = fault.kind if fault else ""
        if kind == "empty":
            return []
        if self.delivered is not None:
            return [Picture(self.delivered, order.media, order.width, order.height)] * order.number
        # A provider without a seed of its own choosing would never draw the same picture twice.
        about = f"{order.prompt}/{order.seed if order.seed is not None else order.identifier}"
        about = self._last_about = unlike(self._last_about, about, order.width, order.height)
        drawn = [
            draw(numbered(about, index), order.width, order.height, order.media, self.image_bytes, alpha=order.alpha)
            for index in range(order.number)
        ]
        return [spoiled(picture, kind) for picture in drawn]

    def publish(self, call: Call, picture: Picture) -> str:
        """Put a picture where it can be downloaded without a key, and name its URL."""
        identifier = f"{self.log.next_number():06d}.{picture.extension}"
        self._files[identifier] = picture
        while len(self._files) > KEPT_FILES:
            self._files.popitem(last=False)
        return f"{call.base}/_files/{identifier}"

    def admit(self, call: Call) -> None:
        """Rules of the download host; raise Declined to turn a call away."""
        if any(self.key in value for value in (*call.headers.values(), *call.query.values())):
            self.log.surprise(f"{call.path}: the key was sent to the download host")

    @route("GET", "/_files/{identifier}", phase="download", keyed=False)
    def download(self, call: Call, identifier: str) -> Answer:
        """The picture behind a URL that was handed out."""
        self.admit(call)
        picture = self._files.get(identifier)
        if picture is None:
            raise Declined(_storage_error(404))
        return Answer(200, picture.data, media=picture.media)

    # The way of a call.

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if scope["path"].startswith("/_emulator/"):
            await _send(await _control.answer(self, request), send)
            return
        call = await read(request, self.log.next_number())
        self.log.add(call)
        try:
            await self._perform(call, receive, send)
        except Declined as declined:
            await _send(declined.answer, send)

    async def _perform(self, call: Call, receive: Receive, send: Send) -> None:
        handler, door, arguments = self._find(call)
        if self.needs_key and door.keyed and self.offered_key(call) != self.key:
            raise self.decline("401")
        order = self._numbered(handler(call, **arguments)) if door.phase == "submit" else None
        fault = self._faults.take(door.phase)
        answer = self._injected(fault, call, is_queued=order is not None and self.is_queue)
        held = self._held(fault)  # before it counts: who waits for that may let it go at once
        if order is not None and (answer is None or answer.status < 300):
            self.log.accept(call, order)
        if held is not None and not await self._hang(held, receive):
            return
        if answer is None and order is not None:
            await asyncio.sleep(self.latency)
            answer = self.finish(call, order, fault)
        elif answer is None:
            answer = self._spoiled(handler(call, **arguments), fault)
        await _send(answer, send, cut=fault is not None and fault.kind == "cut")

    def _find(self, call: Call) -> tuple[Handler, Presentation, dict[str, str]]:
        for pattern, door, handler in self._routes:
            found = pattern.match(call.path)
            if found and door.method == call.method:
                return handler, door, found.groupdict()
        self.log.surprise(f"{call.method} {call.path}: no such route")
        raise self.decline("404", f"no route {call.method} {call.path}")

    def _injected(self, fault: Fault | None, call: Call, *, is_queued: bool) -> Answer | None:
        """The whole answer where the fault decides it; None where the work goes on."""
        if fault is None or (is_queued and fault.is_fate):
            return None
        if fault.is_refusal:
            return self.refuse(fault.kind.partition(":")[2] or self.refusals[0], call)
        match fault.kind:
            case "not_json":
                return Answer(200, HTML_PAGE, media="text/html; charset=utf-8")
            case "wrong_shape":
                return Answer(200, self.wrong_shape)
            case "echo_key":
                told = call.headers.get(self.key_header) or call.query.get("key", "")
                return self.failure("500", f"unexpected request with {told}")
            case "redirect":
                return Answer(307, headers={"Location": self.redirect_to + call.path})
            case kind if fault.phase == "download" and kind in STATUSES:
                return _storage_error(int(kind), fault.retry_after)
            case kind if kind in STATUSES:
                answer = self.failure(kind)
                return answer if fault.retry_after is None else self.with_delay(answer, fault.retry_after)
        return None

    def _spoiled(self, answer: Answer, fault: Fault | None) -> Answer:
        """A download with the fault applied to its bytes."""
        if fault is None or answer.status != 200 or not isinstance(answer.content, bytes):
            return answer
        if fault.kind == "empty":
            return replace(answer, content=b"")
        picture = spoiled(Picture(answer.content, answer.media, 0, 0), fault.kind)
        return replace(answer, content=picture.data, media=picture.media)

    def _held(self, fault: Fault | None) -> asyncio.Event | None:
        """What lets a call go that is to hang."""
        if fault is None or not (fault.kind == "hang" or (fault.kind == "never" and not self.is_queue)):
            return None
        let_go = asyncio.Event()
        self._hanging.add((asyncio.get_running_loop(), let_go))
        return let_go

    async def _hang(self, let_go: asyncio.Event, receive: Receive) -> bool:
        """Wait for the client to leave (False) or for `clear()` (True)."""
        if self.on_hang is not None:
            self.on_hang()
        released, left = asyncio.ensure_future(let_go.wait()), asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({released, left}, return_when=asyncio.FIRST_COMPLETED)
            return released.done()
        finally:
            self._hanging.discard((asyncio.get_running_loop(), let_go))
            released.cancel()
            left.cancel()

    def _numbered(self, order: Order) -> Order:
        return replace(order, identifier=f"{self.name}-{self.log.next_number():06d}")

    def _settle(self) -> None:
        self.on_hang: Callable[[], None] | None = None
        self.redirect_to = "http://elsewhere.invalid"
        self.polls = 1
        self.latency = 0.0
        self.image_bytes: int | str | None = None
        self.delivered: bytes | None = None
        """Bytes to hand out in place of pictures of the emulator's own."""


def spoiled(picture: Picture, kind: str) -> Picture:
    """The picture as a broken provider would deliver it."""
    match kind:
        case "not_an_image":
            return replace(picture, data=HTML_PAGE)
        case "truncated_image":
            return replace(picture, data=picture.data[: len(picture.data) // 2])
    return picture


def _storage_error(status: int, retry_after: float | None = None) -> Answer:
    """What an object store behind a CDN says; it knows nothing of the provider's error shapes."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return Answer(status, b"<?xml version='1.0'?><Error><Code>Refused</Code></Error>", headers, "application/xml")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(answer: Answer, send: Send, *, cut: bool = False) -> None:
    body = answer.body
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers(len(body))})
    await send({"type": "http.response.body", "body": body[: len(body) // 2] if cut else body, "more_body": cut})
