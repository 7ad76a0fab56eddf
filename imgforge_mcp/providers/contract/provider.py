"""One image service: what a module of `providers/services/` subclasses."""

from collections.abc import Sequence
from typing import Any, ClassVar

from imgforge_mcp.base.errors import BadReply, ContentRefused, ForgeError
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.local.composition import Composition
from imgforge_mcp.local.models.rendering import Rendering
from imgforge_mcp.providers.contract.exchange import Alteration, Images, Operation, Reply, Request, Told
from imgforge_mcp.providers.contract.manifest import Manifest
from imgforge_mcp.providers.reading import causes, pictures
from imgforge_mcp.providers.reading import meaning as meanings
from imgforge_mcp.providers.reading.causes import Cause
from imgforge_mcp.providers.reading.listing import ids_of
from imgforge_mcp.providers.reading.meaning import Meaning, Meanings
from imgforge_mcp.providers.reading.wire import quoted
from imgforge_mcp.routing.call import Call


class Provider:
    """One image service. A subclass gives `manifest`, `submit` and `parse`; the rest has defaults."""

    manifest: Manifest
    meanings: ClassVar[Meanings] = {}
    """What is peculiar in its error codes."""

    def submit(self, call: Call) -> Request | Alteration | Composition | Rendering:
        """The request that buys the picture."""
        raise NotImplementedError

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        """Read a successful answer to a submit, or to the question `reply.operation` stands for.

        Raises:
            ForgeError: the answer is a refusal, or holds no image.
        """
        raise NotImplementedError

    def poll(self, operation: Operation, call: Call) -> Request:
        """The question that follows `operation`."""
        return Request(method="GET", target=operation.url)

    def cancel(self, operation: Operation, call: Call) -> tuple[Request, ...]:
        """How to call the work off upstream, all of it to be sent; nothing where the provider cannot."""
        if operation.cancel_url is None:
            return ()
        return (Request(method=operation.cancel_method, target=operation.cancel_url),)

    def has_stopped(self, reply: Reply) -> bool:
        """Whether an answer to `cancel` says that the work has ended, so that nothing more will come or be charged."""
        return reply.status < 300

    def images(self, reply: Reply, call: Call, body: Any = None, *, most: int | None = None) -> Images:
        """The pictures of an answer, in whatever wrapping they come; `body` is its JSON where that is decoded already,
        `most` how many there can be (what follows is something else). What is broken or was withheld beside good ones
        becomes a warning.

        Raises:
            ContentRefused: all of it was withheld.
            ForgeError: there is no picture; the cause that the answer tells, or BadReply.
        """
        found = pictures.found_in(reply, body)
        if not found.pictures:
            raise self.without_picture(reply, call, found.refused)
        warnings = [
            f"{number} of {found.total} images {what}."
            for number, what in ((found.refused, "were refused by the safety system"), (found.broken, "were broken"))
            if number
        ]
        return Images(pictures=tuple(found.pictures[:most]), warnings=tuple(warnings))

    def without_picture(self, reply: Reply, call: Call, refused: int = 0) -> ForgeError:
        """What an answer means that said yes and brought no picture: it may have been billed, unless it tells a cause
        that speaks against that. `refused` pictures were withheld."""
        cause = causes.cause_of(reply)
        said = cause.sentence
        meaning = meanings.meaning_of(cause, self.meanings, call.prompt, call.negative_prompt, is_asked=True)
        if refused or meaning is Meaning.REFUSED:
            return self.refusal(said, maybe_billed=self.manifest.billing.withheld != "free")
        if meaning in (Meaning.REJECTED, Meaning.LOST):
            what = (
                f"with a page in place of an image. {self.manifest.address_hint}"
                if cause.is_page
                else "without an image."
            )
            return BadReply(f"{self.manifest.title} answered {what}", **quoted(said))
        return meanings.error_of(meaning, cause, self.manifest.address_hint)

    def refusal(self, said: str = "", *, maybe_billed: bool = False) -> ContentRefused:
        """A recognised refusal; `said` are the provider's own words."""
        error = ContentRefused(
            f"{self.manifest.title}'s safety system refused this prompt; change the prompt, another provider will not "
            "be tried.",
            provider=self.manifest.name,
            **quoted(said),
        )
        error.maybe_billed = maybe_billed
        return error

    def listed_ids(self, reply: Reply) -> frozenset[str]:
        """The model ids in an answer to `manifest.listing`, in any of the usual shapes; empty where it lists none.

        Raises:
            BadReply: it is no JSON.
        """
        return ids_of(reply.body)

    def price_questions(self, models: Sequence[ModelSpec]) -> tuple[str, ...]:
        """The free paths that tell what these models cost today (GET)."""
        return ()

    def told_prices(self, reply: Reply) -> dict[str, Told]:
        """The prices in an answer to one of `price_questions`, by model id.

        Raises:
            BadReply: it is of another shape.
        """
        return {}

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """What an error answer means. A subclass names its peculiar codes in `meanings`, or overrides this."""
        return self.failed(causes.cause_of(reply), reply, call)

    def failed(self, cause: Cause, reply: Reply, call: Call) -> ForgeError:
        """The error that a cause stands for."""
        is_asked = reply.operation is not None
        meaning = meanings.meaning_of(cause, self.meanings, call.prompt, call.negative_prompt, is_asked=is_asked)
        if meaning is Meaning.REFUSED:
            is_free = cause.status >= 400 or self.manifest.billing.withheld == "free"
            return self.refusal(cause.sentence, maybe_billed=not is_free)
        if meaning is Meaning.MODEL and not meanings.is_generic_absence(cause):
            return meanings.error_of(meaning, cause)
        return meanings.error_of(meaning, cause, self.manifest.address_hint)


class DirectProvider(Provider):
    """An image service whose first answer is the picture."""

    def parse(self, reply: Reply, call: Call) -> Images:
        return self.images(reply, call)
