"""The catalogue: which models there are, what they can do and cost, and which of them make up a tier.

The figures are data, in models.toml. A user's configuration may override every one of them.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from importlib import resources
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from imgforge_mcp.base.config.values import nearest as nearest_name
from imgforge_mcp.base.errors import ConfigError
from imgforge_mcp.base.types import Json, QualityTier
from imgforge_mcp.catalog.model import ModelSpec, Price, Sizing

T = TypeVar("T")
Spelling = Callable[[str], str]
"""How closely a name is read: as it stands, without letter case, without punctuation."""
OWN_IDS = 2
"""The place of the providers' own ids among the kinds of names."""
SAID_BY_ID = ("prices", "retired")
"""What a dialect says of single models."""
FIELDS = {"id"} | {field.name for field in fields(ModelSpec)} - {"slug", "provider", "model_id"}
"""What a row may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What a quality tier means: words that lift a prompt, and groups of equivalent models, best first."""

    description: str
    boosters: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()

    def rank(self, slug: str) -> int | None:
        """The place of the slug's group, 0 for the first choice; None where the tier does not name it."""
        return next((place for place, group in enumerate(self.groups) if slug in group), None)


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Every known model and tier."""

    models: tuple[ModelSpec, ...]
    tiers: Mapping[QualityTier, Tier]
    fitness: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Slugs by purpose, the fittest first."""
    fitness_sources: Mapping[str, str] = field(default_factory=dict)
    """Where each of these orders comes from."""

    def of_provider(self, name: str) -> tuple[ModelSpec, ...]:
        return tuple(model for model in self.models if model.provider == name)

    def find(self, name: str) -> tuple[ModelSpec, ...]:
        """The rows a name stands for: a slug before an alias before a provider's own id before a display name, each
        also as `provider/name`; in its own spelling before any other letter case, and that before other dots, dashes
        and spaces. Empty where nothing matches."""
        wanted = name.strip()
        for spelled in (str, str.casefold, _letters):
            for kind, index in enumerate(self._indexes):
                if found := index.get((spelled, spelled(wanted))):
                    return _with_capitals(found, wanted) if kind == OWN_IDS and spelled is not str else found
        return ()

    def nearest(self, name: str, n: int = 5) -> list[str]:
        """The names most like a wrong one."""
        known: dict[str, str] = {}
        for index in self._indexes:
            for (spelled, key), models in index.items():
                if spelled is str.casefold:
                    is_full = key.startswith(f"{models[0].provider}/")
                    known.setdefault(key, models[0].name_in_full if is_full else models[0].slug)
        close = difflib.get_close_matches(name.strip().casefold(), known, n * 3, cutoff=0.5)
        return list(dict.fromkeys(known[key] for key in close))[:n]

    @cached_property
    def _indexes(self) -> tuple[dict[tuple[Spelling, str], tuple[ModelSpec, ...]], ...]:
        """One index per kind of name, the strongest first."""
        kinds: tuple[Callable[[ModelSpec], tuple[str, ...]], ...] = (
            lambda model: (model.slug,),
            lambda model: model.aliases,
            lambda model: (model.model_id,),
            lambda model: (model.name,),
        )
        return tuple(self._index(kind) for kind in kinds)

    def _index(
        self, names: Callable[[ModelSpec], tuple[str, ...]]
    ) -> dict[tuple[Spelling, str], tuple[ModelSpec, ...]]:
        index: dict[tuple[Spelling, str], tuple[ModelSpec, ...]] = {}
        for model in self.models:
            for name in names(model):
                for spelled in (str, str.casefold, _letters):
                    for key in {spelled(name), spelled(f"{model.provider}/{name}")}:
                        index[spelled, key] = (*index.get((spelled, key), ()), model)
        return index


def _letters(name: str) -> str:
    """A name without what people leave out or put in: `FLUX.2 [pro]` and `flux-2-pro` are one."""
    return re.sub(r"[^a-z0-9/@]", "", name.casefold())


def _with_capitals(found: tuple[ModelSpec, ...], wanted: str) -> tuple[ModelSpec, ...]:
    """Two providers' own ids may differ in nothing but letter case: a name with capitals that is nobody's exactly is
    of those who write capitals."""
    if wanted == wanted.lower():
        return found
    return tuple(model for model in found if model.model_id != model.model_id.lower()) or found


def load_catalog(
    overrides: Mapping[str, Any] | None = None, source: object = None, found: Sequence[ModelSpec] = ()
) -> Catalog:
    """The bundled catalogue, with models that were `found` on this machine, and with a user's changes: `servers`, each
    with its own `models`; `models` by `provider/slug`; `tiers` by name. `source` is the file that they come from.

    Raises:
        ConfigError: an override is wrong; the message names file and entry.
    """
    bundled = _bundled()
    catalog = replace(bundled, models=(*found, *bundled.models)) if found else bundled
    if not overrides:
        return catalog
    try:
        return _merged(catalog, overrides)
    except ConfigError as error:
        where = f"{source}, " if source is not None else ""
        raise ConfigError(f"{where}{error.message}", **error.details) from None


def _merged(bundled: Catalog, overrides: Mapping[str, Any]) -> Catalog:
    models = {model.name_in_full: model for model in bundled.models}
    models |= {model.name_in_full: model for model in _served(overrides.get("servers", []))}
    for name, changes in _table(overrides.get("models", {}), "models").items():
        models[name] = _overridden(models.get(name), name, _table(changes, f"models.{name}"))
    tiers = dict(bundled.tiers)
    for name, changes in _table(overrides.get("tiers", {}), "tiers").items():
        tier, changed = _changed_tier(tiers, name, _table(changes, f"tiers.{name}"))
        tiers[tier] = changed
    catalog = replace(bundled, models=tuple(models.values()), tiers=tiers)
    _know_every_slug(catalog, overrides.get("tiers", {}))
    return catalog


@cache
def bundled_table() -> Json:
    """models.toml as it stands."""
    return tomllib.loads(resources.files(__package__).joinpath("models.toml").read_text("utf-8"))


@cache
def _bundled() -> Catalog:
    table = bundled_table()
    return Catalog(
        models=tuple(_rows(table)),
        tiers={QualityTier(name): _tier(entry) for name, entry in table["tiers"].items()},
        fitness={purpose: tuple(entry["slugs"]) for purpose, entry in table["fitness"].items()},
        fitness_sources={purpose: entry["source"] for purpose, entry in table["fitness"].items()},
    )


def _rows(table: Json) -> Iterator[ModelSpec]:
    sizings = {name: _sizing(entry) for name, entry in table["sizings"].items()}
    for provider, rows in table["models"].items():
        defaults = table["providers"][provider]
        for slug, row in rows.items():
            shared = table["slugs"].get(slug, {})
            yield _model(provider, slug, {"checked": table["checked"], **defaults, **shared, **row}, sizings)


def model_of(provider: str, slug: str, row: Mapping[str, Any]) -> ModelSpec:
    """A row of this program's own making, whose `sizing` is a named one."""
    return _model(provider, slug, row, {name: _sizing(entry) for name, entry in bundled_table()["sizings"].items()})


def _model(provider: str, slug: str, row: Mapping[str, Any], sizings: Mapping[str, Sizing]) -> ModelSpec:
    """One row; `sizing` is a named one or a table, lists stand for tuples and sets."""
    sizing = row["sizing"]
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    values["sizing"] = sizings[sizing] if isinstance(sizing, str) else _sizing(sizing)
    for name in ("price", "price_bound"):
        if name in row:
            values[name] = Price(**row[name])
    for name in ("accepts", "capabilities"):
        if name in row:
            values[name] = frozenset(row[name])
    return ModelSpec(provider=provider, slug=slug, model_id=values.pop("id"), **values)


def _sizing(entry: Mapping[str, Any]) -> Sizing:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Sizing(**values)


def _tier(entry: Mapping[str, Any]) -> Tier:
    return Tier(
        description=entry["description"],
        boosters=tuple(entry["boosters"]),
        groups=tuple(tuple(group) for group in entry["groups"]),
    )


def _overridden(known: ModelSpec | None, name: str, changes: Json) -> ModelSpec:
    """A row with a user's changes. A price is replaced as a whole; a sizing and options are changed field by field."""
    provider, _, slug = name.partition("/")
    entry = f"models.{name}"
    if known is None:
        if not slug or not {"id", "sizing"} <= changes.keys():
            raise ConfigError(
                f"{entry}: no such model; to add one, name it provider/slug and give at least id and sizing.",
                entry=entry,
                nearest=_bundled().nearest(name),
            )
        return _checked({"name": slug, "description": "From the configuration.", **changes}, provider, slug, entry)
    row = {**_fields(known), "id": known.model_id, **changes}
    for part in ("sizing", "options"):
        if isinstance(changed := changes.get(part), dict):
            before = getattr(known, part)
            row[part] = {**(_fields(before) if isinstance(before, Sizing) else before), **changed}
    return _checked({key: value for key, value in row.items() if key in FIELDS | changes.keys()}, provider, slug, entry)


def _checked(row: Mapping[str, Any], provider: str, slug: str, entry: str) -> ModelSpec:
    """A row from outside, with every value's type checked.

    Raises:
        ConfigError: a field is unknown or wrong.
    """
    _only(row, FIELDS, entry)
    for part, kind in (("price", Price), ("price_bound", Price), ("sizing", Sizing)):
        if isinstance(table := row.get(part), dict):
            _only(table, {field.name for field in fields(kind)}, f"{entry}.{part}")
    values = {"provider": provider, "slug": slug, **row, "model_id": row.get("id")}
    if isinstance(name := row.get("sizing"), str):
        values["sizing"] = bundled_table()["sizings"].get(name, name)
    return _validated(ModelSpec, {key: value for key, value in values.items() if key != "id"}, entry)


def _served(servers: object) -> Iterator[ModelSpec]:
    """The models of the user's own OpenAI-compatible servers; what a row does not say follows from the dialect."""
    dialects = bundled_table()["dialects"]
    for place, value in enumerate(_list(servers, "servers")):
        server = _table(value, f"servers[{place}]")
        provider, dialect = server.get("name"), server.get("dialect", "openai")
        if not isinstance(provider, str) or not provider:
            raise ConfigError(f"servers[{place}]: give it a name.", entry=f"servers[{place}]")
        if not isinstance(dialect, str) or dialect not in dialects:
            allowed = ", ".join(dialects)
            raise ConfigError(
                f"servers.{provider}.dialect is {dialect!r}; it must be one of {allowed}{_hint(dialect, dialects)}.",
                entry=f"servers.{provider}.dialect",
            )
        for row in _list(server.get("models", []), f"servers.{provider}.models"):
            given = dict(_table(row, f"servers.{provider}.models"))
            slug = given.pop("slug", given.get("id"))
            if not isinstance(slug, str) or not slug:
                raise ConfigError(f"servers.{provider}.models: each needs an id.", entry=f"servers.{provider}.models")
            defaults = _of_dialect(dialects[dialect], given.get("id"), slug)
            options = {"dialect": dialect, **defaults.pop("options", {})}
            common = {"name": slug, **defaults, "source": "configuration", "options": options}
            yield _checked({**common, **given}, provider, slug, f"servers.{provider}.models.{slug}")


def _of_dialect(dialect: Json, model_id: object, slug: str) -> Json:
    """What a dialect says about a model of that id: what all of its models take, its own price, its end. A slug that
    its maker's own rows have (`rows_of`) is taken as there, but for the day of its end."""
    row = {name: value for name, value in dialect.items() if name not in (*SAID_BY_ID, "options", "rows_of")}
    table, maker = bundled_table(), dialect.get("rows_of", "")
    if known := table["models"].get(maker, {}).get(slug):
        known = {**table["providers"][maker], **table["slugs"][slug], **known}
        generic = {name: value for name, value in row.items() if not name.startswith(("price", "bound_reason"))}
        kept = {name: value for name, value in known.items() if name not in ("id", "retired", "source", "checked")}
        options = {name: value for name, value in known.get("options", {}).items() if name != "batch"}
        return {**generic, **kept, "options": options, **dialect.get("retired", {}).get(slug, {})}
    options = dict(dialect.get("options", {}))
    if model_id not in options.pop("efforts_of", [model_id]):
        options.pop("effort", None)
    if model_id in dialect.get("prices", {}):
        row["price"] = dialect["prices"][model_id]
    return {**row, **dialect.get("retired", {}).get(model_id, {}), "options": options}


def _changed_tier(tiers: Mapping[QualityTier, Tier], name: str, changes: Json) -> tuple[QualityTier, Tier]:
    entry = f"tiers.{name}"
    if name not in list(QualityTier):
        hint = _hint(name, list(QualityTier))
        raise ConfigError(f"{entry}: no such tier{hint}; there are {', '.join(QualityTier)}.", entry=entry)
    present = _fields(tiers[QualityTier(name)])
    _only(changes, present.keys(), entry)
    return QualityTier(name), _validated(Tier, present | changes, entry)


def _know_every_slug(catalog: Catalog, changed: Mapping[str, Any]) -> None:
    slugs = {model.slug for model in catalog.models}
    for name in changed:
        for slug in (slug for group in catalog.tiers[QualityTier(name)].groups for slug in group):
            if slug not in slugs:
                nearest = catalog.nearest(slug)
                hint = f"; did you mean {nearest[0]}?" if nearest else "."
                raise ConfigError(
                    f"tiers.{name}: no model is called {slug[:100]}{hint}", entry=f"tiers.{name}", nearest=nearest
                )


def _validated(kind: type[T], values: Json, entry: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in (entry, *first["loc"])).replace(".model_id", ".id")
        raise ConfigError(f"{where}: {first['msg']}.", entry=where) from None


def _only(table: Mapping[str, Any], allowed: Iterable[str], entry: str) -> None:
    if unknown := sorted(table.keys() - set(allowed)):
        raise ConfigError(
            f"{entry}.{unknown[0]}: no such setting{_hint(unknown[0], allowed)}.",
            entry=f"{entry}.{unknown[0]}",
            allowed=sorted(allowed),
        )


def _hint(name: object, known: Iterable[str]) -> str:
    close = nearest_name(str(name), known)
    return f" (did you mean {close}?)" if close else ""


def _fields(value: ModelSpec | Sizing | Tier) -> Json:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _list(value: object, entry: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"{entry}: must be a list of tables.", entry=entry)
    return value


def _table(value: object, entry: str) -> Json:
    if not isinstance(value, dict):
        raise ConfigError(f"{entry}: must be a table.", entry=entry)
    return value
