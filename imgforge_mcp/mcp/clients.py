"""Which form of a result each client gets: one table, by the name that a client gives itself, with source and date."""

from dataclasses import dataclass
from typing import Any

from imgforge_mcp.base.config import Config
from imgforge_mcp.mcp import apps
from imgforge_mcp.mcp.introduced import of_first_match


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a result holds besides its text. The default is for clients that nobody knows, and those named just `mcp`
    (LangChain, AutoGen, Semantic Kernel, crewAI, smolagents): text and preview, nothing else."""

    preview: bool = True
    """A small image. Off for clients that hand its base64 to the model as text."""
    links: bool = False
    """A resource_link to the full image, for the user. A client that does not know the block drops the whole result."""
    data: bool = False
    """Lists and figures as structuredContent with an output schema and one line of text, in place of JSON as text."""
    structured: bool = False
    """structuredContent beside images too: most clients that read it drop the image."""
    app: bool = False
    """The picture as an App (mcp.apps): for hosts that declare that they show such, whatever their name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client by its name (a regular expression for the whole of it) and the versions for which this was seen, both
    ends included."""

    name: str
    example: str
    """What it calls itself."""
    form: Form
    source: str
    checked: str
    since: tuple[int, ...] = ()
    until: tuple[int, ...] | None = None


CLIENTS = (
    Client(
        name=r"Visual Studio Code( - .*)?",
        example="Visual Studio Code",
        since=(1, 105),
        form=Form(links=True),
        source="https://code.visualstudio.com/updates/v1_105 (resources that tools return are shown)",
        checked="2026-11-25",
    ),
    Client(
        name=r"(mcp-)?inspector(-.*)?",
        example="inspector-client",
        form=Form(links=True, data=True),
        source="its own window and --cli print every block and check structuredContent against the schema",
        checked="2026-11-25",
    ),
    Client(
        name=r"claude-code",
        example="claude-code",
        form=Form(data=True),
        source="https://github.com/anthropics/claude-code/issues/79944 (the model gets structuredContent alone; "
        "issue 54737: so images beside it are dropped)",
        checked="2026-11-25",
    ),
    Client(
        name=r"codex-mcp-client",
        example="codex-mcp-client",
        form=Form(data=True),
        source="https://github.com/anomalyco/opencode/pull/32868 (says so of Codex: structuredContent alone)",
        checked="2026-11-25",
    ),
    Client(
        name=r"google[-_ ]?adk.*",
        example="google-adk",
        form=Form(preview=False),
        source="https://github.com/google/adk-python/issues/2096 (the base64 of an image reaches the model as text)",
        checked="2026-11-25",
    ),
)


def form_for(context: Any, config: Config) -> Form:
    """What the client of this request gets; the user's own settings overrule the table."""
    return decided(known_form(*_introduced(context)), config, has_app=apps.is_shown_by(context))


def known_form(name: str, version: str) -> Form:
    """What the table says of a client."""
    rows = ((client.name, client.since, client.until, client.form) for client in CLIENTS)
    return of_first_match(rows, name, version) or Form()


def decided(known: Form, config: Config, *, has_app: bool) -> Form:
    """What the table says, overruled by the user's own settings."""
    return Form(
        preview=_decided(config.preview, known.preview),
        links=_decided(config.resource_links, known.links),
        data=_decided(config.structured, known.data),
        structured=_decided(config.structured, known.structured),
        app=has_app,
    )


def _introduced(context: Any) -> tuple[str, str]:
    """Name and version of the client, from its handshake or from the request's own metadata."""
    asked = context.session.client_params
    return ("", "") if asked is None else (asked.client_info.name, asked.client_info.version)


def _decided(setting: str, known: bool) -> bool:
    return known if setting == "auto" else setting == "on"
