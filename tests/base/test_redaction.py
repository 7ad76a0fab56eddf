"""A key leaves in none of the forms in which it could travel."""

import base64
import io
import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from imgforge_mcp.base.redaction import MASK, RedactingFilter, Redactor

KEY = 'canary/key+with "every" sign=5e0c1f?'
FORMS = [
    pytest.param(lambda key: key, id="plain"),
    pytest.param(lambda key: quote(key, safe=""), id="in a URL"),
    pytest.param(quote_plus, id="in a form"),
    pytest.param(lambda key: json.dumps(key), id="JSON"),
    pytest.param(lambda key: base64.b64encode(key.encode()).decode(), id="base64"),
    pytest.param(lambda key: base64.urlsafe_b64encode(key.encode()).decode(), id="base64 for URLs"),
    pytest.param(lambda key: base64.b64encode(key.encode()).decode().rstrip("="), id="base64 without padding"),
    pytest.param(lambda key: key.encode().hex(), id="hex"),
    pytest.param(lambda key: key[::-1], id="backwards"),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_masked_in_text_bytes_and_json(form: Callable[[str], str]) -> None:
    redactor = Redactor([KEY])
    travelling = form(KEY)
    said = f"before {travelling} after"
    masked = redactor.text(said)
    assert travelling.strip('"') not in masked
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.rstrip('"= ').endswith("after")
    assert redactor.data(said.encode()) == masked.encode()
    assert redactor.value({"a": [said, {said: 1}]}) == {"a": [masked, {masked: 1}]}


def test_the_longest_of_two_keys_is_masked_whole() -> None:
    redactor = Redactor(["canary-one", "canary-one-and-more"])
    assert redactor.text("canary-one-and-more") == MASK


def test_what_is_too_short_to_be_a_key_is_left_alone() -> None:
    assert Redactor(["", "a", "12345"]).text("a 12345") == "a 12345"


def test_other_values_are_left_as_they_are() -> None:
    assert Redactor([KEY]).value([1, 2.5, True, None]) == [1, 2.5, True, None]


def test_a_log_record_shows_no_key_in_message_arguments_or_exception() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(Redactor([KEY])))
    logger = logging.Logger("a test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        logger.exception("asked with %s and %d", KEY, 3)
    assert KEY not in stream.getvalue()
    assert stream.getvalue().count(MASK) == 2
    assert "ValueError" in stream.getvalue()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("the key sk-5e0c1f9a77b2c4 was", id="cut at its end"),
        pytest.param("the key 1f9a77b2c4d8e6f0 was", id="cut at its start"),
        pytest.param("the key 1F9A77B2 was", id="eight characters in capitals"),
        pytest.param("the key c2stNWUwYzFmOWE3 was", id="a part of its base64"),
    ],
)
def test_a_part_of_a_key_is_masked(said: str) -> None:
    assert Redactor(["sk-5e0c1f9a77b2c4d8e6f0"]).text(said) == f"the key {MASK} was"
    assert Redactor(["sk-5e0c1f9a77b2c4d8e6f0"]).data(said.encode()) == f"the key {MASK} was".encode()


def test_a_word_that_a_key_happens_to_hold_is_left_alone() -> None:
    redactor = Redactor(["canary-together-5e0c1f9a77"])
    assert (
        redactor.text("asked together/flux-schnell by together, £ İ") == "asked together/flux-schnell by together, £ İ"
    )
