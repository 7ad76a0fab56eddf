"""A key leaves in none of the forms in which it could travel."""

import base64
import io
import json
import logging
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from imgforge_mcp.base.redaction import MASK, RedactingFilter, Redactor

KEY = 'canary/key+with "every" sign=5e0c1f?'
SHORT_KEY = 'a?>~ "/'
"""Too short for a part of any of its forms to be masked: each must be known whole."""
FORMS = [
    pytest.param(lambda key: key, id="plain"),
    pytest.param(lambda key: quote(key, safe=""), id="in a URL"),
    pytest.param(quote_plus, id="in a form"),
    pytest.param(lambda key: json.dumps(key)[1:-1], id="JSON"),
    pytest.param(lambda key: base64.b64encode(key.encode()).decode(), id="base64"),
    pytest.param(lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="), id="base64 for URLs"),
    pytest.param(lambda key: base64.b64encode(key.encode()).decode().rstrip("="), id="base64 without padding"),
    pytest.param(lambda key: key.encode().hex(), id="hex"),
    pytest.param(lambda key: key[::-1], id="backwards"),
]


@pytest.mark.parametrize("key", [KEY, SHORT_KEY])
@pytest.mark.parametrize("form", FORMS)
def test_a_key_is_masked_in_text_bytes_and_json(form: Callable[[str], str], key: str) -> None:
    redactor = Redactor([key])
    said, masked = f"before {form(key)} after", f"before {MASK} after"
    assert redactor.text(said) == masked
    assert redactor.data(said.encode()) == masked.encode()
    assert redactor.value({"a": [said, {said: 1}, (said,)]}) == {"a": [masked, {masked: 1}, [masked]]}


@pytest.mark.parametrize("longer", ["key-1-and-2", "2-and-key-1"])
def test_the_longest_of_two_keys_is_masked_whole(longer: str) -> None:
    assert Redactor(["key-1-", "key-1", longer]).text(longer) == MASK
    assert Redactor([longer, "key-1", "key-1-"]).data(longer.encode()) == MASK.encode()


def test_what_is_learnt_later_is_masked_as_well() -> None:
    redactor = Redactor(["first-5e0c1f9a77"])
    redactor.learn(["second-b2c4d8e6f0"])
    assert redactor.text("first-5e0c1f9a77, second-b2c4d8e6f0") == f"{MASK}, {MASK}"
    assert redactor.text("cut: first-5e0c1, b2c4d8e6f0") == f"cut: {MASK}, {MASK}"


def test_what_is_too_short_to_be_a_key_is_left_alone() -> None:
    assert Redactor(["", "a", "12345", "678901"]).text("a 12345 678901") == f"a 12345 {MASK}"


def test_of_a_short_key_no_part_is_masked() -> None:
    redactor = Redactor(["5e0c1f9", "b2c4d8e6"])
    assert redactor.text("5E0C1F9 5e0c1f b2c4d8e") == "5E0C1F9 5e0c1f b2c4d8e"
    assert redactor.text("B2C4D8E6") == MASK


def test_other_values_are_left_as_they_are() -> None:
    assert Redactor([KEY]).value([1, 2.5, True, None]) == [1, 2.5, True, None]


def test_a_log_record_shows_no_key_in_message_arguments_or_exception() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter(Redactor([KEY])))
    logger = logging.Logger("a test")
    logger.addHandler(handler)
    logger.warning("asked with %s", KEY)
    assert stream.getvalue() == f"asked with {MASK}\n"
    stream.truncate(stream.seek(0))
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        logger.exception("asked with %s and %d", KEY, 3)
    assert KEY not in stream.getvalue()
    assert stream.getvalue().startswith(f"asked with {MASK} and 3\nTraceback")
    assert stream.getvalue().endswith(f"ValueError: refused {MASK}\n")


LONG_KEY = "sk-5E0c1f9a77b2c4d8e6f0"


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("sk-5E0c1f9a77b2c4", id="cut at its end"),
        pytest.param("1f9a77b2c4d8e6f0", id="cut at its start"),
        pytest.param("1F9A77B2", id="eight characters in capitals"),
        pytest.param("c2stNUUwYzFm", id="a part of its base64"),
    ],
)
@pytest.mark.parametrize(
    "said", ["the key {} was", "{} was the key", "the key was {}", "{}", "İn İt: {}", "{}, é {} {}"]
)
def test_a_part_of_a_key_is_masked_wherever_it_stands(said: str, part: str) -> None:
    redactor, masked = Redactor([LONG_KEY]), said.replace("{}", MASK)
    assert redactor.text(said.replace("{}", part)) == masked
    assert redactor.data(said.replace("{}", part).encode()) == masked.encode()


def test_parts_of_two_keys_that_overlap_are_masked_as_one() -> None:
    redactor = Redactor(["0123456789abcdef", "abcdef0123999999"])
    assert redactor.text("<456789abcdef0123999>") == f"<{MASK}>"
    assert redactor.text("<456789ab 0123999999>") == f"<{MASK} {MASK}>"


@pytest.mark.parametrize("said", ["1F9A77B", "c2stNUUwYzF", "2c4d8e6 1f9a77b sk-5E0c"])
def test_a_few_characters_tell_nothing(said: str) -> None:
    assert Redactor([LONG_KEY]).text(said) == said


SPELT: dict[str, Callable[[str], str]] = {
    "broken over lines": lambda key: "\n".join(key[at : at + 7] for at in range(0, len(key), 7)),
    "folded as YAML": lambda key: "\\\n    ".join(key[at : at + 5] for at in range(0, len(key), 5)),
    "letter by letter": lambda key: " ".join(key),
    "with nothing to be seen between": "\u200b".join,
    "every letter of a URL": lambda key: "".join(f"%{ord(each):02x}" for each in key),
    "escaped twice for a URL": lambda key: "".join(f"%25{ord(each):02X}" for each in key),
    "escapes of JSON": lambda key: "".join(f"\\u{ord(each):04x}" for each in key),
    "escapes of JSON within JSON": lambda key: "".join(f"\\\\u{ord(each):04x}" for each in key),
    "escapes of JavaScript": lambda key: "".join(f"\\u{{{ord(each):x}}}" for each in key),
    "escapes of C": lambda key: "".join(f"\\x{ord(each):02x}" for each in key),
    "octal": lambda key: "".join(f"\\{ord(each):03o}" for each in key),
    "entities of HTML": lambda key: "".join(f"&#{ord(each)};" for each in key),
    "entities in hex": lambda key: "".join(f"&#x{ord(each):X};" for each in key),
    "hex with colons": lambda key: key.encode().hex(":").upper(),
    "numbers of bytes": lambda key: ", ".join(map(str, key.encode())),
    "UTF-16": lambda key: key.encode("utf-16-le").decode(),
    "full width": lambda key: "".join(chr(ord(each) + 0xFEE0) for each in key),
    "base64 over lines": lambda key: "\n".join(re.findall(".{1,9}", base64.b64encode(key.encode()).decode())),
    "backwards, cut": lambda key: key[::-1][3:12],
}
BEHIND_A_NAME: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 for URLs": base64.urlsafe_b64encode,
    "base32": base64.b32encode,
}


@pytest.mark.parametrize("spelling", SPELT)
def test_no_spelling_hides_a_key(spelling: str) -> None:
    said = f"key: {SPELT[spelling](LONG_KEY)} then"
    redactor = Redactor([LONG_KEY])
    assert squashed(redactor.text(said)) == f"key: {MASK} then"
    assert squashed(redactor.data(said.encode()).decode()) == f"key: {MASK} then"


def squashed(said: str) -> str:
    """Masks in a row as one, and without what frames an encoding."""
    return re.sub(rf"(?:{re.escape(MASK)}[\s=\\;\0]*)+(?= then)", MASK, said)


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("encoding", BEHIND_A_NAME)
def test_a_key_that_is_encoded_behind_a_name_is_masked(encoding: str, name: str) -> None:
    encoded = BEHIND_A_NAME[encoding](f"{name}{LONG_KEY}{name}".encode()).decode()
    shown = Redactor([LONG_KEY]).text(encoded)
    assert MASK in shown
    left = shown.replace(MASK, "")
    assert len(left) <= len(BEHIND_A_NAME[encoding](name.encode())) * 2 + 4


def test_the_shape_of_json_is_kept() -> None:
    """A key in pieces, string by string, is masked within each; the text can be read all the same."""
    said = json.dumps(
        {"a": LONG_KEY[:11], "b": [LONG_KEY[11:]], "c": "".join(f"\\u{ord(each):04x}" for each in LONG_KEY)}
    )
    assert json.loads(Redactor([LONG_KEY]).data(said.encode())) == {"a": MASK, "b": [MASK], "c": MASK}


@pytest.mark.parametrize(
    "said", ["correct horse 1024x1024", "nothing is not needed, no, not needed", "\\x00 %41%42 \udcff"]
)
def test_ordinary_text_is_left_alone(said: str) -> None:
    assert Redactor(["not-needed", LONG_KEY, "correct-horse-one"]).text(said) == said


def test_bytes_that_are_no_text_come_through() -> None:
    data = bytes(range(256))
    assert Redactor([LONG_KEY]).data(data + LONG_KEY[:9].encode() + data) == data + MASK.encode() + data


WORDY_KEY = "canary-together-Illustrators1-5e0c1f9a77"


@pytest.mark.parametrize(
    "said",
    ["asked together/flux-schnell by together, £ İ", "by -together-, Canary", "of the Illustrators", "illustrators"],
)
def test_a_word_that_a_key_happens_to_hold_is_left_alone(said: str) -> None:
    assert Redactor([WORDY_KEY]).text(said) == said
    assert Redactor([WORDY_KEY]).data(said.encode()) == said.encode()


@pytest.mark.parametrize("part", ["KBCKKBJHVZCN", "kbckkbjh", "abckkbjhv"])
def test_letters_that_nobody_could_speak_are_no_word(part: str) -> None:
    assert Redactor(["DiAHp9AR00aBcKkbJHVzCNSxCGFW2m", "00kBcKkbJHVzCNSx"]).text(f"of {part} it") == f"of {MASK} it"


@pytest.mark.parametrize("part", ["illustrators1", "her-Illustrators", "canary-together", "1-5e0c1f"])
def test_what_is_more_than_a_word_is_none(part: str) -> None:
    assert Redactor([WORDY_KEY]).text(f"of {part} it") == f"of {MASK} it"


@pytest.mark.parametrize("apart", [" ", ", ", "-", "\n"])
def test_letters_one_by_one_are_no_speech(apart: str) -> None:
    secret = "ZB0blGvBtCxBvkeEQ6LdvbO8"
    assert Redactor([secret]).text(f"said: {apart.join('blGvBtCxBvkeE')}.") == f"said: {MASK}."


def test_the_last_letter_of_an_encoding_is_the_secrets_own() -> None:
    encoded = base64.b32encode(b"user:9EGwoL4n/uJuuefa").decode().rstrip("=")
    assert encoded[-12:] not in Redactor(["9EGwoL4n/uJuuefa"]).text(f"token {encoded[-12:]}")
