"""The tasks. A step's arguments may name what earlier results brought: `{0.job_id}` is the job of the first call,
`{photo}` a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JOB_BYTES = 560
"""Of a result for one picture, its two paths not counted."""
KEYLESS_BYTES = 780
"""The same from the engine without keys, which says what it is, what is missing and how to add a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call, and what its result must and must not say."""

    tool: str
    arguments: Mapping[str, Any]
    says: Sequence[str] = ()
    never: Sequence[str] = ()
    is_error: bool = False
    most_bytes: int = JOB_BYTES
    shows: int | None = None
    """How many images come with it; None: no matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a person asks for, with which providers configured, and the calls that do it."""

    name: str
    person: str
    steps: Sequence[Step]
    providers: Sequence[str] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with a provider."""
    pictures: int = 1
    """How many pictures, drawn or written, there must be more than before."""


def drawn(prompt: str, **more: Any) -> Step:
    asked = {"prompt": prompt, **more}
    return Step(tool="generate_image", arguments=asked, says=["ready"], shows=1, most_bytes=KEYLESS_BYTES)


LAKE = drawn("a mountain lake", width=256, height=192)

TASKS = (
    Task(
        name="a cat on a sofa",
        person="Draw me a cat on a sofa.",
        providers=["openai"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "a cat on a sofa"},
                says=["The image is ready", "openai/"],
                never=["not as asked"],
                shows=1,
            )
        ],
    ),
    Task(
        name="make it night",
        person="Draw a fox in a meadow, then make it night.",
        steps=[
            drawn("a red fox in a meadow by day", width=256, height=192),
            Step(
                tool="edit_image",
                arguments={"image": "{0.job_id}", "prompt": "make it night"},
                says=["ready", "local/adjust"],
                most_bytes=KEYLESS_BYTES,
            ),
        ],
        pictures=2,
    ),
    Task(
        name="four cheap logo variants",
        person="Give me four cheap variants of a fox logo.",
        providers=["together"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "a minimal logo of a fox", "n": 4, "quality_tier": "draft"},
                says=["4 images are ready"],
                never=["not as asked", "high quality"],
                most_bytes=4 * JOB_BYTES,
                shows=4,
            )
        ],
        pictures=4,
    ),
    Task(
        name="a phone wallpaper",
        person="I need a wallpaper of dunes for my phone, 1170 by 2532.",
        providers=["openai"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "dunes at dusk", "size": "1170x2532", "fit": "cover"},
                says=["ready", "Fitted to 1170x2532 on this machine"],
                never=["not as asked"],
                most_bytes=JOB_BYTES + 150,
            )
        ],
    ),
    Task(
        name="a wallpaper without fit",
        person="A wallpaper of dunes, 1170 by 2532, just as the model makes it.",
        providers=["openai"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "dunes at dusk", "width": 1170, "height": 2532},
                says=["ready, but not as asked", "instead of 1170×2532"],
                most_bytes=900,
            )
        ],
    ),
    Task(
        name="save it as lake",
        person="Draw a lake and save it as lake.",
        steps=[
            LAKE,
            Step(
                tool="save_image",
                arguments={"image": "{0.job_id}", "path": "lake"},
                says=["Saved as", "lake.png"],
                most_bytes=260,
                shows=0,
            ),
        ],
        pictures=2,
    ),
    Task(
        name="which models and what they cost",
        person="Which models can I use, what do they cost, and which is best for lettering?",
        providers=["openai"],
        steps=[
            Step(tool="list_models", arguments={}, says=["gpt-image-2", "$"], most_bytes=6000, shows=0),
            Step(tool="list_models", arguments={"for": "text"}, says=["the fittest for text first"], most_bytes=6000),
        ],
        pictures=0,
    ),
    Task(
        name="FLUX.2 Pro under five cents",
        person="A harbour with FLUX.2 Pro, but for less than five cents.",
        providers=["bfl"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "a harbour", "model": "FLUX.2 Pro", "max_cost_usd": 0.05},
                says=["bfl/flux-2-pro", "($0.0"],
            )
        ],
    ),
    Task(
        name="a transparent apple",
        person="An apple with a transparent background, please.",
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "a red apple", "background": "transparent", "width": 256, "height": 256},
                says=["ready", "Cut out on this machine"],
                never=["not as asked"],
                most_bytes=900,
            )
        ],
    ),
    Task(
        name="a boat onto my photograph",
        person="Put a boat on the lake of my photograph {photo}.",
        providers=["together"],
        steps=[
            Step(
                tool="edit_image",
                arguments={"image": "{photo}", "prompt": "add a boat on the lake", "model": "flux-kontext"},
                says=["ready", "together/flux-kontext"],
                most_bytes=JOB_BYTES + 100,
            )
        ],
    ),
    Task(
        name="a logo on a shirt",
        person="Put the logo {logo} on the shirt {photo}.",
        providers=["openai"],
        steps=[
            Step(
                tool="edit_image",
                arguments={
                    "image": "{photo}",
                    "reference_images": ["{logo}"],
                    "prompt": "print the logo of the second picture on the shirt of the first",
                },
                says=["ready", "openai/"],
            )
        ],
    ),
    Task(
        name="a logo on a shirt without keys",
        person="Put the logo {logo} on the shirt {photo}.",
        steps=[
            Step(
                tool="edit_image",
                arguments={"image": "{photo}", "reference_images": ["{logo}"], "prompt": "print the logo on the shirt"},
                says=["unsupported", "edit an image by 1 further"],
                never=["ready"],
                is_error=True,
            )
        ],
        pictures=0,
    ),
    Task(
        name="twenty product pictures",
        person="Make twenty pictures of mugs for my shop.",
        providers=["together"],
        steps=[
            Step(
                tool="generate_batch",
                arguments={"items": [{"prompt": f"mug number {n}", "quality_tier": "draft"} for n in range(20)]},
                says=["20 of 20 items done", "batch_"],
                most_bytes=20 * 330,
                shows=1,
            )
        ],
        pictures=20,
    ),
    Task(
        name="what did I spend, stop everything",
        person="What have I spent this month? And stop whatever is running.",
        providers=["together"],
        steps=[
            drawn("a lake", quality_tier="draft"),
            Step(tool="get_usage", arguments={}, says=['"images":1', "cost_usd"], most_bytes=900, shows=0),
            Step(tool="cancel_job", arguments={"job_id": "all"}, says=["Nothing was under way"], most_bytes=120),
        ],
    ),
    Task(
        name="is it done?",
        person="Start a picture of a lake, don't wait; then tell me whether it is done.",
        providers=["together"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "a lake", "quality_tier": "draft", "sync": False},
                says=["Call check_job with job_id"],
                never=["ready"],
                shows=0,
            ),
            Step(
                tool="check_job",
                arguments={"job_id": "{0.job_id}", "wait_seconds": 30},
                says=["The image is ready"],
                shows=1,
            ),
        ],
    ),
    Task(
        name="the same with a blue sky",
        person="A lake under a grey sky. – Now exactly the same with a blue sky.",
        providers=["together"],
        steps=[
            drawn("a lake under a grey sky", quality_tier="draft"),
            Step(
                tool="generate_image",
                arguments={"like": "{0.job_id}", "prompt": "a lake under a blue sky"},
                says=["ready", '"seed":{0.seed}', '"like":"{0.job_id}"'],
            ),
        ],
        pictures=2,
    ),
    Task(
        name="why did it fail: the safety system",
        person="A picture, and why did it fail?",
        providers=["together"],
        faults={"together": "refusal"},
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "something"},
                says=["content_refused", "change the prompt", "job_id"],
                is_error=True,
                most_bytes=800,
            )
        ],
        pictures=0,
    ),
    Task(
        name="why did it fail: the key",
        person="A picture, and why did it fail?",
        providers=["together"],
        faults={"together": "401"},
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "something"},
                says=["provider_auth", "TOGETHER_API_KEY", "job_id"],
                is_error=True,
                most_bytes=900,
            )
        ],
        pictures=0,
    ),
    Task(
        name="why did it fail: the model",
        person="A picture by flux 9, and why did it fail?",
        providers=["together"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "something", "model": "flux-9"},
                says=["invalid_model", "flux", "nearest"],
                is_error=True,
                most_bytes=600,
            )
        ],
        pictures=0,
    ),
    Task(
        name="why did it fail: the budget",
        person="Two pictures for at most a tenth of a cent, and why did it fail?",
        providers=["together"],
        steps=[
            Step(
                tool="generate_image",
                arguments={"prompt": "something", "n": 2, "max_cost_usd": 0.001, "quality_tier": "draft"},
                says=["budget_exceeded", "2 images × $", "above max_cost_usd 0.001", "nothing was sent"],
                is_error=True,
                most_bytes=600,
            )
        ],
        pictures=0,
    ),
    Task(
        name="my last ten",
        person="Show me my last ten pictures.",
        steps=[
            *[drawn(f"a lake, number {number}", width=96, height=64) for number in range(3)],
            Step(
                tool="check_job",
                arguments={},
                says=["3 jobs, newest first", '"number":3', "96×64"],
                most_bytes=1500,
                shows=1,
            ),
        ],
        pictures=3,
    ),
    Task(
        name="an SVG icon",
        person="An icon of a fox as SVG.",
        providers=["recraft"],
        steps=[
            Step(tool="list_models", arguments={"for": "vector"}, says=["recraft-v4.1-vector"], most_bytes=3000),
            Step(
                tool="generate_image",
                arguments={"prompt": "an icon of a fox", "model": "recraft-v4.1-vector"},
                says=["ready", "image/svg+xml"],
            ),
        ],
    ),
    Task(
        name="twice as large",
        person="Make {photo} twice as large.",
        steps=[
            Step(
                tool="transform_image",
                arguments={"image": "{photo}", "operation": "upscale", "scale": 2},
                says=["ready", "480x320", "without detail that was not there"],
                most_bytes=JOB_BYTES,
                shows=1,
            )
        ],
    ),
    Task(
        name="without its background",
        person="Remove the background of {logo}.",
        steps=[
            Step(
                tool="transform_image",
                arguments={"image": "{logo}", "operation": "remove_background"},
                says=["ready", "by the colour of its background"],
                most_bytes=JOB_BYTES,
            )
        ],
    ),
    Task(
        name="again with another model",
        person="A lake. – Now the same by OpenAI's model.",
        providers=["together", "openai"],
        steps=[
            drawn("a lake", quality_tier="draft"),
            Step(
                tool="generate_image",
                arguments={"like": "{0.job_id}", "model": "gpt-image-2"},
                says=["ready", "openai/gpt-image-2"],
            ),
        ],
        pictures=2,
    ),
)
