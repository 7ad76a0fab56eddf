"""Characters and styles by name: what a tenant keeps, and a request that goes by it."""

import difflib
import re
from collections.abc import Mapping, Sequence

from imgforge_mcp.base.errors import InvalidRequest, NotFound
from imgforge_mcp.base.types import MOST_INPUTS, MOST_KEPT, Asset, Caller, ImageRequest, Kept, KeptReference
from imgforge_mcp.jobs.inputs import References
from imgforge_mcp.jobs.spelling import ASSET_ID, JOB_ID
from imgforge_mcp.storage.registry.contract import Registry

NAME = re.compile(r"[^\W\d_][\w-]{0,63}")
"""Begins with a letter, and has no dot and no slash: no file, no address."""
MOST_PICTURES = 12
MOST_WORDS = 1000
"""Characters."""


class KeptReferences:
    """One tenant's are nobody else's."""

    def __init__(self, registry: Registry, references: References) -> None:
        self._registry = registry
        self._references = references

    async def of(self, caller: Caller) -> list[KeptReference]:
        """All that the caller keeps, by name."""
        return await self._registry.references.of_tenant(caller.tenant)

    async def add(self, name: str, pictures: Sequence[str], words: str | None, caller: Caller) -> KeptReference:
        """Keep pictures, however they are named, under a name, with those that are there; `words` replace what was
        said of it before.

        Raises:
            InvalidRequest: no name, no picture, or too much of something.
            NotFound: no such asset or job.
        """
        name = _checked(name)
        present = next((kept for kept in await self.of(caller) if kept.name == name), None)
        if not pictures and (present is None or words is None):
            raise InvalidRequest(f"Give at least one picture of {name}.", field="pictures")
        if words is not None and len(words := words.strip()) > MOST_WORDS:
            raise InvalidRequest(f"The words for {name} are more than {MOST_WORDS} characters.", field="words")
        found = [await self._references.picture(text, caller, "pictures") for text in pictures]
        together = {asset.asset_id for asset in (*(present.pictures if present else ()), *found)}
        if len(together) > MOST_PICTURES:
            raise InvalidRequest(
                f"{name} would have {len(together)} pictures; {MOST_PICTURES} are the most, and no model takes more.",
                field="pictures",
            )
        return await self._registry.references.add(caller.tenant, name, words, found)

    async def remove(self, name: str, caller: Caller) -> None:
        """Keep it no longer; its pictures stay in the store. Raises NotFound."""
        if not await self._registry.references.remove(caller.tenant, name.strip().casefold()):
            raise _unknown(name, await self.of(caller), "name")

    async def as_picture(self, text: str, caller: Caller) -> str:
        """The first picture of what is kept under that name; anything else as it is."""
        if not _is_name(text):
            return text
        found = next((kept for kept in await self.of(caller) if kept.name == text.strip().casefold()), None)
        return _first(found) if found is not None and found.pictures else text

    async def called_for(self, request: ImageRequest, caller: Caller) -> tuple[ImageRequest, list[KeptReference]]:
        """The request, with no names among its input images any more, and what those and its `reference` stand for. The
        picture that is to be changed may be named so too: then it is the first one of that name.

        Raises:
            NotFound: nothing is kept under such a name; says which are the nearest.
        """
        named = [name.strip().casefold() for name in request.reference or ()]
        given = request.input_images or []
        if request.kept or not (named or any(map(_is_name, given))):
            return request, []
        known = {kept.name: kept for kept in await self.of(caller)}
        changed, others = _as_pictures(request, given, known)
        named += [text.strip().casefold() for text in others if text.strip().casefold() in known]
        rest = [text for text in others if text.strip().casefold() not in known]
        for text in rest:
            if _is_name(text) and near(text, tuple(known.values())):  # a file without an extension is none of ours
                raise _unknown(text, tuple(known.values()), "input_images")
        for name in named:
            if name not in known or not known[name].pictures:
                raise _unknown(name, tuple(known.values()), "reference")
        wanted = list(dict.fromkeys(named))
        if len(wanted) > MOST_KEPT:
            raise InvalidRequest(f"At most {MOST_KEPT} kept references, such as mia.", field="reference")
        changes = {"input_images": [*changed, *rest] or None, "reference": wanted or None}
        return request.model_copy(update=changes), [known[name] for name in wanted]


def with_pictures(inputs: Sequence[str], kept: Sequence[KeptReference]) -> dict[str, object]:
    """What of a request changes with the pictures of what it is to go by: the first one of each, then the second ones,
    as far as there is room, since a model that takes few is sent the first ones.

    Raises:
        InvalidRequest: there is no room for one picture of each.
    """
    room = MOST_INPUTS - len(inputs)
    if room < len(kept):
        raise InvalidRequest(
            f"{len(inputs)} pictures and {len(kept)} kept references are more than {MOST_INPUTS} pictures.",
            field="reference",
        )
    longest = max((len(each.pictures) for each in kept), default=0)
    turns = [(each.name, each.pictures[turn]) for turn in range(longest) for each in kept if turn < len(each.pictures)]
    turns = turns[:room]
    counts = {each.name: sum(name == each.name for name, _ in turns) for each in kept}
    return {
        "input_images": [*inputs, *(picture.asset_id for _, picture in turns)],
        "kept": [Kept(name=each.name, words=each.words, pictures=counts[each.name]) for each in kept],
    }


def with_words(prompt: str, logic: str, kept: Sequence[Kept]) -> tuple[str, str]:
    """The prompt with what is said of the kept references, and the account of it."""
    said = [f"{each.name}: as in the reference pictures{f', {each.words}' if each.words else ''}." for each in kept]
    if not said:
        return prompt, logic
    added = " ".join(said)
    return f"{prompt}\n{added}", f"{logic} Added for what is kept: {added}"


def near(name: str, known: Sequence[KeptReference]) -> list[str]:
    """The kept names most like a wrong one."""
    return difflib.get_close_matches(name.strip().casefold(), [kept.name for kept in known], 3, 0.5)


def _as_pictures(
    request: ImageRequest, given: Sequence[str], known: Mapping[str, KeptReference]
) -> tuple[list[str], Sequence[str]]:
    """What is to be changed, as a picture, and the other input images."""
    if not (request.is_edit and given):
        return [], given
    kept = known.get(given[0].strip().casefold())
    return [_first(kept) if kept is not None and kept.pictures else given[0]], given[1:]


def _first(kept: KeptReference) -> str:
    asset: Asset = kept.pictures[0]
    return asset.asset_id


def _is_name(text: str) -> bool:
    """Whether a text can be the name of a kept reference, and nothing else that stands for a picture."""
    text = text.strip()
    return NAME.fullmatch(text) is not None and not ASSET_ID.fullmatch(text) and not JOB_ID.fullmatch(text)


def _checked(name: str) -> str:
    """A name that stands for nothing else, in lower case. Raises InvalidRequest."""
    text = name.strip().casefold()
    if not _is_name(text):
        raise InvalidRequest(
            "A name is 1 to 64 letters, digits and - _, begins with a letter and is no asset's or job's id, such as "
            "mia.",
            field="name",
        )
    return text


def _unknown(name: str, known: Sequence[KeptReference], field: str) -> NotFound:
    names = [kept.name for kept in known]
    nearest = near(name, known)
    if nearest:
        hint = f"the nearest {'is' if len(nearest) == 1 else 'are'} {', '.join(nearest)}"
    elif names:
        hint = f"there are {', '.join(names[:12])}"
    else:
        hint = "there are none yet; 'imgforge-mcp references add NAME PICTURE' keeps one"
    return NotFound(f"There is no kept reference {name.strip()[:64]!r}; {hint}.", field=field, nearest=nearest or names)
