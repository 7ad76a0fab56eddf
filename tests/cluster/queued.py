"""A job as a server leaves it in the queue, for whichever worker has the key."""

from datetime import timedelta

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.storage.registry.contract import Caps, NewJob, Registry
from imgforge_mcp.storage.registry.queue import QUEUE


async def leave(registry: Registry, route: str, clock: Clock, model: str, prompt: str) -> str:
    """Its id."""
    request = ImageRequest(prompt=prompt, model=model, width=64, height=64, enhance=False)
    new = NewJob(
        job_id=clock.new_id(),
        request=request,
        request_id="req_test",
        final_prompt=request.prompt,
        enhancement_logic="Nothing added.",
        quality_tier=QualityTier.STANDARD,
        deadline=clock.now() + timedelta(hours=1),
        reserve_usd=0.0,
        routes=(route,),
        owner=QUEUE,
    )
    job, _ = await registry.jobs.open(new, Caps())
    return job.job_id
