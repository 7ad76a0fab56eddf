"""A key of our own door: `imgf_live_`, 32 random characters, a checksum of 6; codes and tokens that stand for one. Kept
only as SHA-256."""

import base64
import hashlib
import secrets
import string
import zlib

PREFIX = "imgf_live_"
ACCESS, REFRESH, CODE = "imgf_at_", "imgf_rt_", "imgf_code_"
"""What tokens of a log-in begin with: one for an hour, one that gets the next, one that is exchanged at once."""
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM, CHECKSUM = 32, 6
SHOWN = 14
"""Characters of a key that may be kept and shown."""


def new_key() -> str:
    """A key of 190 random bits."""
    body = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + _checksum(body)


def new_token(prefix: str) -> str:
    """A code or a token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """A signing secret as the Standard Webhooks specification writes it: `whsec_` and 24 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


def webhook_key(secret: str) -> bytes:
    """The bytes that a signing secret stands for."""
    return base64.b64decode(secret.removeprefix("whsec_") + "==")


def is_well_formed(key: str) -> bool:
    """Whether a text can be a key at all: what fails here was mistyped or cut."""
    body, checksum = key[:-CHECKSUM], key[-CHECKSUM:]
    characters = body.removeprefix(PREFIX)
    is_shaped = body.startswith(PREFIX) and len(characters) == RANDOM and set(characters) <= set(ALPHABET)
    return is_shaped and secrets.compare_digest(checksum.encode(), _checksum(body).encode())


def digest_of(key: str) -> str:
    """The SHA-256 that a key is found by, in hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _checksum(body: str) -> str:
    """CRC-32 in base 62, so that scanners for leaked secrets can tell a key from a word."""
    number, characters = zlib.crc32(body.encode("ascii", "replace")), ""
    for _ in range(CHECKSUM):
        number, digit = divmod(number, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    return characters
