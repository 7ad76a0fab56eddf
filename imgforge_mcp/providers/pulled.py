"""The catalogue of this installation: what is bundled, what the configuration changes, and the models that lie on this
machine."""

from collections.abc import Sequence
from pathlib import Path

from imgforge_mcp.base.config import Config
from imgforge_mcp.catalog import Catalog, load_catalog
from imgforge_mcp.catalog.model import ModelSpec
from imgforge_mcp.local.models.pulled import Pulled, all_pulled
from imgforge_mcp.local.models.rendering import Rendering
from imgforge_mcp.media import InputImage

PROVIDER = "local"
"""Under whose name they are offered."""


def catalog_of(config: Config) -> Catalog:
    """Raises ConfigError."""
    pulled = [model for model in all_pulled(config.home) if model.form.is_runnable]
    return load_catalog(config.catalog, config.source, _rows(pulled) if pulled else ())


def cutting_out(model: ModelSpec, image: InputImage) -> Rendering:
    """What a matting model on this machine is asked for."""
    return Rendering(
        name=model.slug,
        folder=Path(model.options["folder"]),
        memory=model.options["memory"],
        width=image.width,
        height=image.height,
        image=image.data,
        cuts_out=True,
    )


def _rows(pulled: Sequence[Pulled]) -> list[ModelSpec]:
    from imgforge_mcp.catalog.pullable import pipelines, row_of

    known = pipelines()
    return [
        row_of(
            PROVIDER,
            model.name,
            model.pipeline,
            model.repository,
            takes_pictures=model.takes_pictures,
            options={"folder": str(model.folder), "memory": model.memory},
        )
        for model in pulled
        if model.pipeline in known[model.form.name]
    ]
