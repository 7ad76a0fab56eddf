"""One image service: what a module of `providers/services/` subclasses."""

from imgforge_mcp.base.errors import ContentRefused, ForgeError
from imgforge_mcp.providers.contract.exchange import Images, Operation, Reply, Request, Work
from imgforge_mcp.providers.contract.manifest import Manifest
from imgforge_mcp.providers.reading import error_text, failure_by_status, ids_of, quoted
from imgforge_mcp.routing.call import Call


class Provider:
    """One image service. A subclass gives `manifest`, `submit` and `parse`; the rest has defaults."""

    manifest: Manifest

    def submit(self, call: Call) -> Request | Work:
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

    def cancel(self, operation: Operation, call: Call) -> Request | None:
        """How to call the work off upstream; None where the provider cannot."""
        if operation.cancel_url is None:
            return None
        return Request(method=operation.cancel_method, target=operation.cancel_url)

    def refusal(self, said: str = "") -> ContentRefused:
        """A recognised refusal; `said` are the provider's own words."""
        return ContentRefused(
            f"{self.manifest.title}'s safety system refused this prompt; change the prompt, another provider will not "
            "be tried.",
            provider=self.manifest.name,
            **quoted(said),
        )

    def listed_ids(self, reply: Reply) -> frozenset[str]:
        """The model ids in an answer to `manifest.listing`, in any of the usual shapes.

        Raises:
            BadReply: it holds none.
        """
        return ids_of(reply.body)

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """What a 4xx or 5xx answer means. Override to recognise a refusal, then fall back on this."""
        return failure_by_status(reply, error_text(reply.error_json()))
