"""Drives one adapter: submit, poll, download, cancel. The one loop with deadlines and Retry-After for all providers."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

import anyio
import anyio.from_thread
import anyio.to_thread

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import ProviderSettings
from imgforge_mcp.base.errors import (
    Ambiguous,
    BadReply,
    ForgeError,
    InvalidRequest,
    NoDecoder,
    ProviderError,
    Rejected,
    RequestError,
    StorageError,
    Unavailable,
    Unsupported,
)
from imgforge_mcp.base.formats import FORMATS, SVG
from imgforge_mcp.base.types import Progress
from imgforge_mcp.media.decoder import Decoder, Sound
from imgforge_mcp.media.header import read_header
from imgforge_mcp.net.exchange import Credentials
from imgforge_mcp.net.retry_after import retry_after
from imgforge_mcp.providers.addresses import candidates, is_own, may_see_key
from imgforge_mcp.providers.base_url import address, kept_query
from imgforge_mcp.providers.contract import (
    Alteration,
    Call,
    Composition,
    Images,
    ModelSpec,
    Operation,
    Outgoing,
    Picture,
    Provider,
    Rendering,
    Reply,
    Request,
)
from imgforge_mcp.providers.pulled import cutting_out
from imgforge_mcp.providers.tokens import Tokens
from imgforge_mcp.routing.fitting import input_side
from imgforge_mcp.storage.images import ImageStore, Staged

if TYPE_CHECKING:
    from imgforge_mcp.local.orders import Order
    from imgforge_mcp.local.runtime import Runtime
    from imgforge_mcp.net.transport import Transport

logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")

POLL_SECONDS = 20.0
"""How long one status question may take."""
SUBMIT_SECONDS = 300.0
DOWNLOAD_SECONDS = 60.0
DOWNLOAD_TRIES = 3
SLOWEST_POLL = 5.0
LARGE_BODY = 64 * 1024
"""Bytes from which a reply is read in a thread: decoding its JSON and base64 would hold up every other call."""
PATIENT_TRIES = 3
"""How often a question that should have been answered is put again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One image, fully decoded: its bytes as they came, on disk already; what they are; its seed."""

    staged: Staged
    sound: Sound
    seed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run brought: images, the cost if the provider reported one, its handle for what it has made of kept
    references, and what went wrong with the rest."""

    images: tuple[Made, ...]
    cost_usd: float | None = None
    handle: str | None = None
    warnings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    not_drawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One call to one provider. `deadline` is by the clock's monotonic count; `sent` is told when the paid request is
    about to leave, `accepted` awaited with every new operation before anything else happens, `begins` before a later
    step that buys (it raises where that cannot be put on record), `report` told whatever the provider says about
    progress."""

    provider: Provider
    settings: ProviderSettings
    call: Call
    deadline: float
    sent: Callable[[], None]
    accepted: Callable[[Operation], Awaitable[None]]
    begins: Callable[[Operation], Awaitable[None]]
    report: Callable[[Progress], None]


class Driver:
    """Runs calls over one transport. `transport` is asked for at the first use, since it loads an HTTP client."""

    def __init__(
        self,
        clock: Clock,
        transport: Callable[[], "Transport"],
        assets: ImageStore,
        decoder: Decoder,
        runtime: "Runtime",
        illustrator: "Runtime",
    ) -> None:
        self._clock = clock
        self._decoder = decoder
        self._runtime = runtime
        self._illustrator = illustrator
        self._assets = assets
        self._transport = transport
        self._tokens = Tokens(clock)

    def close(self) -> None:
        """End what runs for it on this machine. Blocks."""
        self._runtime.close()

    async def run(self, run: Run, operation: Operation | None = None) -> Result:
        """Buy and fetch the images, or go on asking about `operation`.

        Raises:
            ProviderError: what came instead; says whether it may have been billed.
            ContentRefused: the provider's safety system refused.
        """
        run = replace(run, settings=await self._signed(run.settings))
        if operation is None:
            with _ours(Rejected, "The request could not be written"):
                request = run.provider.submit(run.call)
            if isinstance(request, Alteration):
                return await self._altered(request, run)
            if isinstance(request, Rendering):
                return await self._drawn(self._runtime, request.order(), run)
            if isinstance(request, Composition):
                return await self._drawn(self._illustrator, request.order(), run)
            outcome = await self._submit(request, run)
        else:
            outcome = operation
        unanswered = 0
        while isinstance(outcome, Operation):
            await self._pause(outcome, run, unanswered)
            answer = await self._ask(outcome, run, unanswered)
            unanswered = unanswered + 1 if answer is None else 0
            outcome = outcome if answer is None else answer
        return await self._fetched(outcome, run)

    async def cancel(self, provider: Provider, settings: ProviderSettings, call: Call, operation: Operation) -> bool:
        """Ask the provider to stop; whether it said yes."""
        try:
            settings = await self._signed(settings)
            with _ours(BadReply, "The work could not be called off"):
                requests = provider.cancel(operation, call)
            replies = [
                await self._sent(self._outgoing(request, provider, settings, POLL_SECONDS), operation)
                for request in requests
            ]
        except ForgeError:
            return False
        return bool(replies) and all(provider.has_stopped(reply) for reply in replies)

    async def ask(self, provider: Provider, settings: ProviderSettings, path: str) -> Reply:
        """A free question below the provider's base URL, with the key; or at another host of its own, for which a base
        URL of the user's stands as well.

        Raises:
            Unavailable: no answer.
        """
        target = path.format_map(settings.settings)
        if settings.is_override and "://" in target:
            target = "/" + target.partition("://")[2].partition("/")[2]
        request = Request(method="GET", target=target)
        return await self._sent(self._outgoing(request, provider, await self._signed(settings), POLL_SECONDS))

    async def _signed(self, settings: ProviderSettings) -> ProviderSettings:
        """The settings with a token for a key, where the user has given a service account's file.

        Raises:
            ProviderAuth: no token can be signed with it.
        """
        if settings.credentials is None:
            return settings
        token = await self._tokens.token(settings.credentials)
        self._transport().keep_out(token)
        return replace(settings, key=token)

    # Submit and poll ------------------------------------------------------------------------------------------------

    async def _submit(self, request: Request, run: Run) -> Images | Operation:
        if (left := self._left(run)) <= 0:
            raise Unavailable("No time was left to send the request.")
        seconds = min(SUBMIT_SECONDS, left)
        is_paid = request.buys is not False
        outgoing = replace(self._outgoing(request, run.provider, run.settings, seconds), is_paid=is_paid)
        self._decoder.warm()
        if is_paid:
            run.sent()
        reply = await self._sent(outgoing)
        outcome = await self._parsed(reply, run)
        if isinstance(outcome, Operation):
            await run.accepted(outcome)
            self._report(outcome, run)
        return outcome

    async def _ask(self, operation: Operation, run: Run, unanswered: int) -> Images | Operation | None:
        """What became of accepted work; None when the question itself went wrong and should be put again."""
        with _ours(BadReply, "The accepted work could not be asked about"):
            request = run.provider.poll(operation, run.call)
        if request.buys:
            return await self._begun(request, operation, run)
        seconds = max(0.1, min(POLL_SECONDS, self._left(run)))
        try:
            outgoing = self._outgoing(request, run.provider, run.settings, seconds)
            reply = await self._sent(outgoing, operation)
        except Unavailable:
            return None
        if reply.status >= 300:
            await self._put_up_with(reply, run, unanswered)
            return None
        try:
            outcome = await self._parsed(reply, run)
        except BadReply:
            if unanswered < PATIENT_TRIES:
                return None
            raise
        if isinstance(outcome, Operation):
            if replace(outcome, fraction=None, message=None) != replace(operation, fraction=None, message=None):
                await run.accepted(outcome)
            self._report(outcome, run)
        return outcome

    async def _begun(self, request: Request, operation: Operation, run: Run) -> Images | Operation:
        """A later step that buys: on record before it leaves, so that nobody sends it twice; where its answer is lost,
        the provider is asked what became of it."""
        begun = replace(operation, is_begun=True, cancel_url=None, wait=None)
        outgoing = self._outgoing(request, run.provider, run.settings, max(0.1, min(SUBMIT_SECONDS, self._left(run))))
        await run.begins(begun)
        run.sent()
        try:
            reply = await self._sent(replace(outgoing, is_paid=True), begun)
        except Ambiguous:
            return begun
        if reply.status >= 400:
            raise await self._failure(replace(reply, operation=None), run)
        outcome = await self._parsed(reply, run)
        if isinstance(outcome, Operation):
            await run.accepted(outcome)
            self._report(outcome, run)
        return outcome

    async def _sent(self, outgoing: Outgoing, operation: Operation | None = None) -> Reply:
        answer = await self._transport().send(outgoing)
        return Reply(status=answer.status, headers=answer.headers, body=answer.body, operation=operation)

    async def _put_up_with(self, reply: Reply, run: Run, unanswered: int) -> None:
        """A bad answer to a question about accepted work: a passing one is put up with, a lasting one may have been
        billed, for the provider had taken the work."""
        is_passing = reply.status in (408, 425, 429, 502, 503, 504)
        may_pass = reply.status < 400 or reply.status in (404, 500)
        if is_passing or (may_pass and unanswered < PATIENT_TRIES):
            return
        if reply.status < 400:
            raise BadReply("The accepted work cannot be asked about: the provider answers with a redirect.")
        error = await self._failure(reply, run)
        if isinstance(error, ProviderError) and not isinstance(error, Unavailable | BadReply):
            raise BadReply(f"The accepted work failed: {error.message}", **error.details) from error
        raise error

    async def _parsed(self, reply: Reply, run: Run) -> Images | Operation:
        if reply.status >= 400:
            raise await self._failure(reply, run)
        if reply.status >= 300:
            raise BadReply(
                f"The provider answered with a redirect, which is not followed. {run.provider.manifest.address_hint}",
                provider_status=reply.status,
            )
        try:
            return await _read(reply, partial(run.provider.parse, reply, run.call))
        except ProviderError as error:
            raise self._with_delay(error, reply) from error.__cause__

    async def _failure(self, reply: Reply, run: Run) -> ForgeError:
        return self._with_delay(await _read(reply, partial(run.provider.failure, reply, run.call)), reply)

    def _with_delay(self, error: ForgeError, reply: Reply) -> ForgeError:
        """The error with the seconds of the header, where the provider names none itself."""
        if isinstance(error, ProviderError) and error.retry_after is None:
            error.retry_after = retry_after(reply.headers.get("retry-after"), self._clock.now())
        return error

    async def _pause(self, operation: Operation, run: Run, unanswered: int) -> None:
        if self._left(run) <= 0:
            raise _ran_out(run)
        usual = operation.wait if operation.wait is not None else run.provider.manifest.poll_seconds
        seconds = usual if unanswered == 0 else min(SLOWEST_POLL, max(usual, 0.5) * 2**unanswered)
        await self._clock.sleep(min(seconds, max(0.0, self._left(run))))

    def _report(self, operation: Operation, run: Run) -> None:
        if operation.fraction is not None or operation.message:
            run.report(Progress(message=operation.message or "in progress", fraction=operation.fraction))

    def _left(self, run: Run) -> float:
        return run.deadline - self._clock.monotonic()

    def _outgoing(self, request: Request, provider: Provider, settings: ProviderSettings, seconds: float) -> Outgoing:
        """The request with its absolute URL and, for hosts that may see it, the key.

        Raises:
            BadReply: the provider handed out a URL that is not fetched.
        """
        manifest = provider.manifest
        is_relative = request.target.startswith("/")
        join = address if is_relative else kept_query
        target = request.target if is_relative else candidates(request.target, settings)[0]
        url = join(settings.base_url, target, request.query)
        headers = Credentials({**manifest.headers, **request.headers})
        names_own = not is_relative and is_own(url, settings)
        if not is_relative:
            try:
                with _ours(BadReply, "The provider named an address that is none"):
                    self._transport().check(url, is_own=names_own)
            except InvalidRequest as error:
                raise BadReply(f"The provider named an address that is not asked: {error.message}") from error
        if is_relative or may_see_key(url, settings, manifest.key_hosts):
            headers |= _key(provider, settings)
        return Outgoing(
            method=request.method,
            url=url,
            seconds=seconds,
            headers=headers,
            json=request.json,
            form=request.form,
            is_own=names_own,
        )

    # Images ---------------------------------------------------------------------------------------------------------

    async def _fetched(self, images: Images, run: Run) -> Result:
        """Every picture's bytes, downloaded at once and fully decoded; what came is kept if another did not."""
        if not images.pictures:
            raise BadReply("The provider answered without an image.")
        made: list[Made | None] = [None] * len(images.pictures)
        failures: list[ForgeError] = []

        async def fetch(position: int, picture: Picture) -> None:
            try:
                made[position] = await self._made(_seeded(picture, position, run.call), run)
            except ForgeError as error:
                failures.append(error)

        async with anyio.create_task_group() as tasks:
            for position, picture in enumerate(images.pictures):
                tasks.start_soon(fetch, position, picture)
        kept = tuple(image for image in made if image is not None)
        if not kept and not isinstance(failures[0], ProviderError):
            raise failures[0]
        if not kept:
            raise BadReply(failures[0].message, **failures[0].details) from failures[0]
        lost = [f"{len(failures)} of {len(made)} images did not arrive: {failures[0].message}"] if failures else []
        return Result(
            images=kept,
            cost_usd=images.cost_usd,
            handle=images.handle,
            warnings=(*images.warnings, *lost),
            drawn=images.drawn,
            not_drawn=images.not_drawn,
        )

    async def _made(self, picture: Picture, run: Run) -> Made:
        if picture.data is None:
            sound, staged = await self._downloaded(picture.url or "", run)
        else:
            sound, staged = await self._staged(picture.data, run)
        return Made(staged=staged, sound=sound, seed=picture.seed)

    async def _staged(self, data: bytes, run: Run) -> tuple[Sound, Staged]:
        """Decode and write the bytes at once: each takes a thread some milliseconds, and somebody waits."""
        sound, staged = await _at_once(
            partial(self._inspected, data, run.call),
            partial(anyio.to_thread.run_sync, self._assets.stage, data),
        )
        if isinstance(staged, ForgeError):
            raise staged
        if isinstance(sound, NoDecoder):
            sound = await anyio.to_thread.run_sync(self._rescued, staged, sound)
        if isinstance(sound, ForgeError):
            await anyio.to_thread.run_sync(self._assets.discard, staged)
            raise sound
        return sound, staged

    def _rescued(self, staged: Staged, error: NoDecoder) -> NoDecoder:
        """The error, with the place where the bytes lie that nobody could look at: they may be a sound picture, and
        were paid."""
        mime_type, _ = FORMATS.get(read_header(staged.data).kind, (SVG, "svg"))
        with suppress(StorageError):
            place = str(self._assets.rescue(staged, mime_type))
            error = NoDecoder(f"What the provider sent is at {place}. {error.message}", picture=place)
        error.maybe_billed = True
        return error

    async def _inspected(self, data: bytes, call: Call) -> Sound:
        """What the bytes are; a drawing counts only from a model that makes drawings."""
        with _ours(BadReply, "The image could not be decoded"):
            if {"vector", "vectorize"} & call.model.capabilities and b"<svg" in data[:8192]:
                return await self._decoder.inspect_vector(data)
            return await self._decoder.inspect(data)

    async def _downloaded(self, url: str, run: Run) -> tuple[Sound, Staged]:
        """The image behind a URL: a download is free, so it is tried again when it breaks off or is no image, at every
        address that the URL may mean."""
        addresses = candidates(url, run.settings)
        for attempt in range(1, DOWNLOAD_TRIES + 1):
            try:
                return await self._staged(await self._bytes(addresses[(attempt - 1) % len(addresses)], run), run)
            except ProviderError:
                if attempt == DOWNLOAD_TRIES:
                    raise
                await self._clock.sleep(0.5 * attempt)
            except RequestError as error:
                raise BadReply(f"The provider's image URL was refused: {error.message}") from error
        raise AssertionError

    async def _bytes(self, url: str, run: Run) -> bytes:
        """What is behind an address: asked for without the key, and with it where the provider's own host wants it."""
        transport = self._transport()
        seconds = min(DOWNLOAD_SECONDS, max(1.0, self._left(run)))
        with _ours(BadReply, "The provider named an address that is none"):
            names_own = is_own(url, run.settings)
            try:
                return await transport.download(url, seconds, is_own=names_own)
            except Unavailable as error:
                is_shut = error.details.get("provider_status") in (401, 403)
                if not is_shut or not run.settings.key or not may_see_key(url, run.settings):
                    raise
            key = _key(run.provider, run.settings)
            return await transport.download(url, seconds, headers=key, is_own=names_own)

    async def _altered(self, work: Alteration, run: Run) -> Result:
        """The call's first input, altered by the decoder in a process of its own.

        Raises:
            RequestError: it cannot be done with this picture.
        """
        source = run.call.inputs[0].data
        with self._clock.move_on_after(max(0.0, self._left(run))):
            try:
                made = await self._decoder.made(source, work.operation, kind=work.kind, **work.options)
            except (InvalidRequest, BadReply) as error:
                raise Unsupported(error.message, field="image", operation=work.operation) from None
            preview = await self._decoder.altered_preview(made, source)
            staged = await anyio.to_thread.run_sync(self._assets.stage, made.data)
            sound = Sound(mime_type=made.mime_type, width=made.width, height=made.height, rendition=preview)
            return Result(images=(Made(staged=staged, sound=sound, seed=None),), cost_usd=0.0, warnings=work.warnings)
        raise Unavailable("The picture was not ready in time.")

    async def cut_out(self, model: ModelSpec, data: bytes) -> bytes:
        """A picture (PNG) without its background, by a matting model on this machine.

        Raises:
            Rejected: the model cannot be loaded, or its process ended.
            BadReply: no sound image.
        """
        image = await self._decoder.as_input(data, input_side(model))
        order = cutting_out(model, image).order()
        made = await anyio.to_thread.run_sync(self._runtime.make, order, lambda fraction, what: None)
        return made.pictures[0][0]

    async def _drawn(self, runtime: "Runtime", order: "Order", run: Run) -> Result:
        """What a process on this machine draws; a cancellation stops it at its next report."""
        is_over = False

        def report(fraction: float, what: str) -> None:
            if is_over:
                raise _Stopped
            anyio.from_thread.run_sync(run.report, Progress(message=what, fraction=fraction))

        def draw() -> Images:
            with suppress(_Stopped):
                made = runtime.make(order, report)
                pictures = tuple(Picture(data=data, seed=seed) for data, seed in made.pictures)
                return Images(
                    pictures=pictures,
                    cost_usd=0.0,
                    warnings=made.warnings,
                    drawn=made.drawn,
                    not_drawn=made.not_drawn,
                )
            return Images(pictures=())

        self._decoder.warm()
        try:
            with self._clock.move_on_after(max(0.0, self._left(run))) as scope:
                images = await anyio.to_thread.run_sync(draw, abandon_on_cancel=True)
                return await self._fetched(images, run)
        finally:
            is_over = True
        assert scope.cancelled_caught
        raise Unavailable("The picture was not ready in time.")


class _Stopped(Exception):
    """Raised into drawing that nobody waits for any more."""


async def _at_once(
    first: Callable[[], Awaitable[T]], second: Callable[[], Awaitable[U]]
) -> tuple[T | ForgeError, U | ForgeError]:
    """Both; a failure stands in place of its result."""
    results: dict[int, T | U | ForgeError] = {}

    async def one(number: int, act: Callable[[], Awaitable[T | U]]) -> None:
        try:
            results[number] = await act()
        except ForgeError as error:
            results[number] = error

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one, 0, first)
        tasks.start_soon(one, 1, second)
    return cast("T | ForgeError", results[0]), cast("U | ForgeError", results[1])


@contextmanager
def _ours(kind: type[ProviderError], what: str) -> Iterator[None]:
    """The edge of what adapters and decoders do: whatever they raise that is no error of ours becomes one, so that an
    attempt is settled whatever a provider has sent."""
    try:
        yield
    except ForgeError:
        raise
    except Exception as error:
        logger.exception("%s", what)
        raise kind(f"{what} ({type(error).__name__}).") from error


async def _read(reply: Reply, read: Callable[[], T]) -> T:
    """Read a reply, a large one in a thread."""
    with _ours(BadReply, "The provider's answer could not be read"):
        return read() if len(reply.body) < LARGE_BODY else await anyio.to_thread.run_sync(read)


def _seeded(picture: Picture, position: int, call: Call) -> Picture:
    """The picture with the seed that was sent, where the provider tells none; of several in one answer only the first
    is known to be of it."""
    is_known = picture.seed is not None or call.seed is None or position > 0
    return picture if is_known else replace(picture, seed=call.seed)


def _key(provider: Provider, settings: ProviderSettings) -> Credentials:
    """The header that carries the key, where there is one."""
    auth = provider.manifest.auth
    return Credentials({auth.header: f"{auth.prefix}{settings.key}"} if settings.key else {})


def _ran_out(run: Run) -> Ambiguous:
    return Ambiguous("The job's deadline passed while the provider was at work.")
