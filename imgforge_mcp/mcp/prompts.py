"""MCP prompts: build one from its parts, enrich an idea, the user's own templates; and completion of arguments."""

from collections.abc import Mapping
from typing import Any

import mcp_types as types

from imgforge_mcp.app.lazy import LazyForge
from imgforge_mcp.base.config import Config, Template
from imgforge_mcp.base.errors import InvalidRequest, NotFound, RequestError
from imgforge_mcp.jobs.boosters import PARTS, built
from imgforge_mcp.mcp.resources import refused
from imgforge_mcp.presentation import Presentation

MEANINGS = {
    "subject": "Who or what is to be seen",
    "setting": "Where, and when",
    "mood": "How it feels",
    "art_style": "Photograph, watercolour, flat vector …",
    "lighting": "Golden hour, studio light, neon …",
    "camera": "Close-up, wide angle, from above …",
    "extras": "Anything else",
}
ENHANCE = (
    "Rewrite this idea as one rich prompt for an image model, then call generate_image with it. Keep what it says; add "
    "setting, light, composition and style that suit it, in at most 80 words, without lists.{tone}\n\n"
    "The idea, as the user typed it:\n{prompt}"
)
MOST_COMPLETIONS = 20


def prompt_list(config: Config) -> list[types.Prompt]:
    own = [
        types.Prompt(
            name="build_prompt",
            title="Build an image prompt",
            description="Puts the parts of a picture together and draws it; at least one part is needed.",
            arguments=[types.PromptArgument(name=name, description=MEANINGS[name]) for name in PARTS],
        ),
        types.Prompt(
            name="enhance_prompt",
            title="Enrich an image idea",
            description="Turns a short idea into a full prompt and draws it.",
            arguments=[
                types.PromptArgument(name="prompt", description="The idea", required=True),
                types.PromptArgument(name="tone", description="Such as: anime, cozy"),
            ],
        ),
    ]
    return own + [_of_template(template) for template in config.templates.values()]


def get(config: Config, name: str, arguments: Mapping[str, str]) -> types.GetPromptResult:
    """Raises MCPError: no such prompt, or an argument is missing."""
    try:
        text = _text(config, name, arguments)
    except RequestError as error:
        raise refused(error) from None
    message = types.PromptMessage(role="user", content=types.TextContent(text=text))
    return types.GetPromptResult(messages=[message])


async def complete(
    lazy: LazyForge, presentation: Presentation, context: Any, name: str, start: str
) -> types.CompleteResult:
    """Job ids and asset ids that begin as typed, newest first; models by slug."""
    forge = await lazy.forge()
    match name:
        case "job_id":
            found = [job.job_id for job in await forge.recent_jobs(100, presentation.caller(forge, context))]
        case "sha256":
            jobs = await forge.recent_jobs(100, presentation.caller(forge, context))
            found = [asset.asset_id for job in jobs for asset in job.assets]
        case "model":
            found = forge.model_slugs
        case _:
            found = []
    values = [value for value in dict.fromkeys(found) if value.lower().startswith(start.lower())]
    completion = types.Completion(
        values=values[:MOST_COMPLETIONS], total=len(values), has_more=len(values) > MOST_COMPLETIONS
    )
    return types.CompleteResult(completion=completion)


def _of_template(template: Template) -> types.Prompt:
    return types.Prompt(
        name=template.name,
        description=template.description or f"Draws with the template {template.name}: {template.prompt[:80]}",
        arguments=[types.PromptArgument(name="prompt", description="What to draw", required=True)],
    )


def _text(config: Config, name: str, arguments: Mapping[str, str]) -> str:
    if name == "build_prompt":
        return f"Call generate_image with this prompt: {built(arguments)}"
    idea = arguments.get("prompt", "").strip()
    if name != "enhance_prompt" and name not in config.templates:
        known = ", ".join(["build_prompt", "enhance_prompt", *config.templates])
        raise NotFound(f"There is no prompt of that name: {name[:64]}; there are {known}.", prompt=name[:64])
    if not idea:
        raise InvalidRequest('The argument prompt is missing: the idea, such as "a red fox".', field="prompt")
    if name == "enhance_prompt":
        tone = arguments.get("tone", "").strip()
        return ENHANCE.format(prompt=idea, tone=f" The tone: {tone}." if tone else "")
    return f"Call generate_image with template {name!r} and this prompt: {idea}"
