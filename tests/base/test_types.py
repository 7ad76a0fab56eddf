"""What the shared types say and refuse by themselves."""

from typing import Any

import pytest
from pydantic import ValidationError

from imgforge_mcp.base.types import ImageRequest, Transform


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"operation": "remove_background"}, "remove the background"),
        ({"operation": "upscale"}, "enlarge 2×"),
        ({"operation": "upscale", "scale": 4}, "enlarge 4×"),
        ({"operation": "vectorize"}, "trace as a vector drawing"),
        ({"operation": "convert", "format": "webp"}, "convert to webp"),
        ({"operation": "resize", "width": 80}, "resize to 80×?"),
        ({"operation": "resize", "height": 60}, "resize to ?×60"),
        ({"operation": "crop", "aspect_ratio": "1:1"}, "crop to 1:1"),
        ({"operation": "extend", "left": 9}, "extend"),
    ],
)
def test_a_transform_is_told_as_a_person_would_ask_for_it(values: dict[str, Any], words: str) -> None:
    assert Transform.model_validate(values).words == words


@pytest.mark.parametrize("text", ["a \x00 fox", "a \ud800 fox", "a fox \udfff"])
def test_text_that_cannot_be_stored_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="holds a NUL or a lone surrogate"):
        ImageRequest(prompt=text)


def test_every_letter_beside_those_that_stand_for_none_may_be_in_a_prompt() -> None:
    assert ImageRequest(prompt="\ud7ff\ue000 🦊").prompt == "\ud7ff\ue000 🦊"
