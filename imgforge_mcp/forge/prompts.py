"""Words and what is kept by name: prompts made and enhanced, templates, references."""

from collections.abc import Mapping, Sequence

from imgforge_mcp.base.errors import NotFound, require
from imgforge_mcp.base.types import Caller, Json, KeptReference
from imgforge_mcp.forge.parts import Parts
from imgforge_mcp.jobs.boosters import built


class PromptCases(Parts):
    """What can be done with prompts, templates and kept references."""

    def built_prompt(self, parts: Mapping[str, str]) -> str:
        """One prompt from its parts. Raises InvalidRequest: not one of them is given."""
        return built(parts)

    async def enhanced_prompt(self, idea: str, tone: str | None, seed: int | None, caller: Caller) -> tuple[str, str]:
        """A short idea as a richer prompt, and who wrote it: the text model of the configuration, for callers whom it
        may cost money, else `rules`, our own, by which the same seed gives the same words."""
        by_model = "generate" in caller.scopes and not caller.is_anonymous
        return await self._rewording.enhanced(idea, tone, seed, by_model=by_model)

    async def saved_templates(self, caller: Caller) -> list[Json]:
        """The caller's templates, the newest first."""
        return await self._registry.access.templates(caller.tenant)

    async def saved_template(self, template_id: str, caller: Caller) -> Json:
        """Raises NotFound: no such template, or not this caller's."""
        for template in await self._registry.access.templates(caller.tenant):
            if template["id"] == template_id:
                return template
        raise NotFound("There is no template of that id; GET /api/templates lists yours.", template_id=template_id[:64])

    async def save_template(self, name: str, values: Json, caller: Caller) -> Json:
        """A template under an id of its own."""
        require(caller.scopes, "generate")
        template = {"id": f"tpl_{self._clock.new_id().lower()}", "name": name, **values}
        template["created_at"] = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        await self._registry.access.add_template(caller.tenant, template)
        return template

    async def delete_template(self, template_id: str, caller: Caller) -> None:
        """Raises NotFound: no such template, or not this caller's."""
        require(caller.scopes, "generate")
        if not await self._registry.access.remove_template(caller.tenant, template_id):
            raise NotFound(
                "There is no template of that id; GET /api/templates lists yours.", template_id=template_id[:64]
            )

    async def kept_references(self, caller: Caller) -> list[KeptReference]:
        """The characters and styles that the caller keeps by name."""
        return await self._jobs.kept.of(caller)

    async def keep_reference(
        self, name: str, pictures: Sequence[str], words: str | None, caller: Caller
    ) -> KeptReference:
        """Keep pictures, however they are named, and words under a name, beside what is there already.

        Raises:
            InvalidRequest, NotFound: no name, no such picture, or too much of something.
        """
        require(caller.scopes, "generate")
        return await self._jobs.kept.add(name, pictures, words, caller)

    async def drop_reference(self, name: str, caller: Caller) -> None:
        """Keep nothing under that name any more. Raises NotFound."""
        require(caller.scopes, "generate")
        await self._jobs.kept.remove(name, caller)
