"""What the front may answer at each point of a connection, and what that point is: no streams, no threads."""

from imgforge_mcp.mcp.introduced import shows_apps
from imgforge_mcp.mcp.plain import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from imgforge_mcp.mcp.rendered import Rendered

LEGACY, MODERN, UNSURE = "legacy", "modern", "unsure"


class Conversation:
    """Follows a connection as the SDK would: its first request decides the protocol's era for good."""

    def __init__(self, rendered: "Rendered | None") -> None:
        self._rendered = rendered
        self._era: str | None = None
        self._is_greeted = False
        self._greeting: tuple[str, str] | None = None
        """Protocol version and form, once the front itself has answered the one handshake."""
        self._waiting: set[tuple[str, object]] = set()

    def answer(self, message: Message | None) -> bytes | None:
        """The result of a request as JSON, where the SDK would send these very bytes; None: it is to be asked."""
        if message is None:
            self._era = self._era or UNSURE  # it may be a request all the same
            return None
        if not message.is_request:
            return None
        key = (type(message.id).__name__, message.id if isinstance(message.id, str | int) else None)
        found = None if key in self._waiting else self._found(message)
        if found is None:
            self._waiting.add(key)
        return found

    def _found(self, message: Message) -> bytes | None:
        if message.is_modern and message.method != "initialize":
            return self._modern(message)
        self._era = self._era or LEGACY
        if self._era != LEGACY or self._rendered is None:
            return None
        match message.method:
            case "initialize":
                return self._greeted(message)
            case "ping" if message.is_plain:
                return self._rendered.answer("ping")
            case "tools/list" if message.is_plain and self._greeting is not None:
                return self._rendered.answer("tools/list", *self._greeting)
        return None

    def _greeted(self, message: Message) -> bytes | None:
        is_first, self._is_greeted, self._greeting = not self._is_greeted, True, None
        if not is_first or message.introduction is None or not message.is_plain or self._rendered is None:
            return None
        version = message.introduction[0]
        if (found := self._rendered.answer("initialize", version)) is not None:
            self._greeting = version, self._form(message)
        return found

    def _modern(self, message: Message) -> bytes | None:
        is_question = message.method == "server/discover"  # answered aside: it decides no era
        if not is_question:
            self._era = self._era or MODERN
        if self._rendered is None or message.introduction is None or not message.is_plain:
            return None
        version = message.introduction[0]
        if is_question:
            return self._rendered.answer("server/discover", version)
        if message.method == "tools/list" and self._era == MODERN:
            return self._rendered.answer("tools/list", version, self._form(message))
        return None

    def _form(self, message: Message) -> str:
        assert message.introduction is not None
        assert self._rendered is not None
        _, name, version, extensions = message.introduction
        return self._rendered.form(name, version, has_app=shows_apps(extensions))
