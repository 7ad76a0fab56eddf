"""What is particular about this installation, in words for a model: who draws here, how large, and where files go."""

from dataclasses import dataclass

from imgforge_mcp.base.config import Config
from imgforge_mcp.base.errors import ForgeError

HOW = (
    "Draws pictures: call generate_image with a prompt. If the answer says processing, call check_job with its job_id; "
    "never send the same request again, it would be paid twice. 'Like before but …' is the argument like; to write a "
    "finished picture to a file use save_image, to cut out, enlarge, crop or convert one transform_image."
)
ALONE = (
    "No provider has a key here: an embedded engine draws illustrations, free, 64 to 2048 pixels a side. It draws "
    "things, animals, people and places, not photographs, likenesses or long texts; it restyles, recolours, crops and "
    "captions pictures."
)
ON_THIS_MACHINE = "on this machine, free and unhurried: a picture may take minutes"
IN_SHORT = "Here without a provider's key: illustrations, no photographs."
NAMED = 8
"""How many providers are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Sentences, each whole; empty where there is nothing to say."""

    engines: str = ""
    files: str = ""
    is_alone: bool = False
    """Whether nothing but the embedded engine is configured."""

    @property
    def instructions(self) -> str:
        return " ".join(part for part in (HOW, self.engines, self.files) if part)


def installation(config: Config, base_url: str | None) -> Installation:
    """By the configuration alone: nothing is asked, and nothing is opened."""
    engines = _engines(config)
    return Installation(engines=engines, files=_files(config, base_url), is_alone=engines == ALONE)


def _engines(config: Config) -> str:
    from imgforge_mcp.providers.configured import open_configured
    from imgforge_mcp.providers.listing import largest
    from imgforge_mcp.providers.pulled import catalog_of

    try:
        providers = open_configured(config, catalog_of(config))
    except ForgeError:
        return ""  # every call will say what is wrong
    if providers.is_composing_only:
        return ALONE
    names = [name for name in providers if not providers.is_local(name)]
    own = providers.own_models
    if not names:
        sides = max(largest(model.sizing) for model in own)[1]
        drawing = ", ".join(model.slug for model in own[:NAMED])
        return f"No provider has a key here; {drawing} draws {ON_THIS_MACHINE}; up to {sides}."
    sizes = [largest(model.sizing) for name in names for model in providers[name].models if not model.retired]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    size = f"; the largest picture is {max(sizes)[1]}" if sizes else ""
    also = f"; by name also {', '.join(m.name_in_full for m in own[:NAMED])}, {ON_THIS_MACHINE}" if own else ""
    return f"Active here: {', '.join(names[:NAMED])}{more}{size}{also}."


def _files(config: Config, base_url: str | None) -> str:
    if base_url is not None:
        return "Pictures are fetched by the URL in each answer; no files are written here."
    first, *others = [str(directory) for directory in config.output_dirs]
    also = f"; also allowed: {', '.join(others)}" if others else ""
    return f"Files: relative paths start in {first}{also}."
