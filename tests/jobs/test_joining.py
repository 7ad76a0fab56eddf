"""What makes two calls the same one: to an idempotency key, and to a call that was cut off."""

from typing import Any

import pytest

from imgforge_mcp.base.types import ImageRequest
from imgforge_mcp.jobs.joining import equal_calls

FIRST: dict[str, Any] = {
    "prompt": "a red fox",
    "model": "together/flux-schnell",
    "width": 512,
    "metadata": {"page": "1", "book": "2"},
}
OTHER: dict[str, Any] = {
    "prompt": "a blue fox",
    "quality_tier": "premium",
    "model": "together/flux-dev",
    "provider": "together",
    "negative_prompt": "rain",
    "aspect_ratio": "16:9",
    "width": 1024,
    "height": 512,
    "image_size": "2K",
    "fit": "cover",
    "n": 2,
    "seed": 7,
    "steps": 4,
    "style": "watercolour",
    "output_format": "webp",
    "enhance": False,
    "template": "poster",
    "input_images": ["a" * 64],
    "metadata": {"page": "2", "book": "1"},
    "project_id": "book",
    "max_cost_usd": 0.05,
    "allow_lower_tier": False,
    "is_edit": True,
    "background": "transparent",
    "like": "01KAXB7GVJ8Q3W5N9T2D4E6F8H",
    "transform": {"operation": "upscale", "scale": 2},
    "mask": "b" * 64,
    "strength": 0.5,
    "reference": ["mia"],
    "urgency": "day",
    "kept": [{"name": "mia", "pictures": 1}],
}
"""Another value for every field that makes another call."""
AWAITED: dict[str, Any] = {"sync": False, "confirm_cost_usd": 0.25}
OF_ITS_OWN: dict[str, Any] = {
    "idempotency_key": "order-1",
    "save_to": "fox.png",
    "webhook_url": "https://example.org/hook",
}


def asked(**values: Any) -> ImageRequest:
    return ImageRequest.model_validate(FIRST | values)


def test_every_field_is_told_here() -> None:
    assert ImageRequest.model_fields.keys() == {*OTHER, *AWAITED, *OF_ITS_OWN}


def test_the_same_values_are_the_same_call_in_whatever_order_they_come() -> None:
    turned = ImageRequest.model_validate({**dict(reversed(FIRST.items())), "metadata": {"book": "2", "page": "1"}})
    assert turned.fingerprint() == asked().fingerprint()
    assert equal_calls(turned, ["a", "b"]) == equal_calls(asked(), ["b", "a"])


@pytest.mark.parametrize(("field", "value"), OTHER.items(), ids=OTHER)
def test_another_value_is_another_call(field: str, value: Any) -> None:
    assert asked(**{field: value}).fingerprint() != asked().fingerprint()
    assert equal_calls(asked(**{field: value}), ["a"]) != equal_calls(asked(), ["a"])


@pytest.mark.parametrize(("field", "value"), AWAITED.items(), ids=AWAITED)
def test_how_the_answer_is_awaited_makes_no_other_call(field: str, value: Any) -> None:
    assert asked(**{field: value}).fingerprint() == asked().fingerprint()
    assert equal_calls(asked(**{field: value}), ["a"]) == equal_calls(asked(), ["a"])


@pytest.mark.parametrize(("field", "value"), OF_ITS_OWN.items(), ids=OF_ITS_OWN)
def test_a_key_and_a_place_for_a_copy_keep_calls_apart_and_a_key_stands_for_both(field: str, value: Any) -> None:
    assert asked(**{field: value}).fingerprint() == asked().fingerprint()
    assert equal_calls(asked(**{field: value}), ["a"]) != equal_calls(asked(), ["a"])


def test_another_key_of_a_provider_is_another_customer() -> None:
    assert equal_calls(asked(), ["a", "b"]) != equal_calls(asked(), ["a", "c"])
    assert equal_calls(asked(), ["a"]) != equal_calls(asked(), ["a", "b"])


def test_what_a_key_is_kept_with_stays_as_it_is() -> None:
    """Another digest of the same call would make every key that stands in a registry a conflict."""
    kept = "sha256:7a111bd57815e09802033be1e90e5fb44f1f3cb441ad6b0dbb0c6a26a77c39d0"
    assert ImageRequest(prompt="ein roter Fuchs, £").fingerprint() == kept
    assert equal_calls(asked(), []).startswith("sha256:")
