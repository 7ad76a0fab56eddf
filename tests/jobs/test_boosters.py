"""What is added to a prompt, what a template says, and what is told about it."""

import pytest

from imgforge_mcp.base.config import Template
from imgforge_mcp.base.errors import InvalidRequest, NotFound
from imgforge_mcp.base.types import ImageRequest, QualityTier
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.jobs.boosters import boosted, built, find_template, with_template

LIGHT = ("high quality", "detailed")
POSTER = Template(name="poster", prompt="flat colours, bold shapes", values={"aspect_ratio": "2:3", "n": 2})


@pytest.mark.parametrize(
    ("prompt", "enhance", "final", "account"),
    [
        pytest.param("a fox", None, "a fox, high quality, detailed", "high quality, detailed", id="by tier"),
        pytest.param("a fox", True, "a fox, high quality, detailed", "high quality, detailed", id="asked for"),
        pytest.param("a fox", False, "a fox", "Nothing added", id="not wanted"),
        pytest.param("a fox.", None, "a fox, high quality, detailed", "standard", id="no comma after a stop"),
        pytest.param("a Detailed fox", None, "a Detailed fox, high quality", "high quality", id="only what is missing"),
        pytest.param("high quality, detailed", None, "high quality, detailed", "Nothing added", id="all there"),
    ],
)
def test_boosters_are_added_and_accounted_for(prompt: str, enhance: bool | None, final: str, account: str) -> None:
    result, logic = boosted(prompt, QualityTier.STANDARD, LIGHT, enhance)
    assert result == final
    assert account in logic


@pytest.mark.parametrize(
    "prompt",
    [
        "a minimalist logo for a bakery",
        "app icon of a fox",
        "flat vector illustration of a city",
        "an infographic about bees",
        "a shop sign that says OPEN",
        'a poster with the words "SUMMER SALE"',
        "pixel art of a knight",
    ],
)
def test_plain_kinds_of_picture_take_no_boosters_unless_asked(prompt: str) -> None:
    result, logic = boosted(prompt, QualityTier.PREMIUM, LIGHT, None)
    assert (result, logic.startswith("Nothing added: boosters do ")) == (prompt, True)
    assert boosted(prompt, QualityTier.PREMIUM, LIGHT, True)[0] == f"{prompt}, high quality, detailed"


@pytest.mark.parametrize("prompt", ["an iconic lighthouse", "a man reading a book", "a badger in the snow"])
def test_a_word_within_a_word_makes_no_plain_picture(prompt: str) -> None:
    assert boosted(prompt, QualityTier.STANDARD, LIGHT, None)[0] != prompt


def test_premium_and_above_get_the_strong_set_and_the_others_a_light_one() -> None:
    tiers = load_catalog().tiers
    for tier in QualityTier:
        is_strong = "masterpiece" in tiers[tier].boosters
        assert is_strong is (tier.rank >= QualityTier.PREMIUM.rank)
        assert tiers[tier].boosters


def test_a_template_fills_in_what_the_caller_left_out() -> None:
    request = with_template(ImageRequest(prompt="a fox", template="poster"), POSTER)
    assert request.prompt == "a fox, flat colours, bold shapes"
    assert (request.aspect_ratio, request.n) == ("2:3", 2)


def test_what_the_caller_says_wins_over_the_template() -> None:
    request = with_template(ImageRequest(prompt="a fox", template="poster", n=1, aspect_ratio="1:1"), POSTER)
    assert (request.aspect_ratio, request.n) == ("1:1", 1)


@pytest.mark.parametrize("value", [{"n": 9}, {"colour": "red"}, {"aspect_ratio": "wide"}])
def test_a_template_that_is_wrong_is_named(value: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="poster"):
        with_template(ImageRequest(prompt="a fox"), Template(name="poster", values=value))


def test_a_template_cannot_choose_files_or_keys() -> None:
    template = Template(name="poster", values={"save_to": "/etc/x", "idempotency_key": "k", "sync": False})
    request = with_template(ImageRequest(prompt="a fox"), template)
    assert (request.save_to, request.idempotency_key, request.sync) == (None, None, True)


def test_an_unknown_template_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match="poster"):
        find_template("banner", {"poster": POSTER})


def test_a_prompt_is_built_from_its_parts_in_order() -> None:
    assert built({"camera": "35 mm", "subject": "a fox, ", "mood": " "}) == "a fox, 35 mm"
    with pytest.raises(InvalidRequest, match="subject"):
        built({"mood": " "})
