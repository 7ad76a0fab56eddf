"""Inputs made up by thousands for what stands behind the doors: addresses, paths, pictures, log lines."""

import base64
import random
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from urllib.parse import quote

import anyio
import httpx
import pytest

from imgforge_mcp.base.errors import InvalidRequest, StorageError
from imgforge_mcp.base.redaction import Redactor
from imgforge_mcp.media.decoder import Decoder
from imgforge_mcp.net.addresses import is_public
from imgforge_mcp.net.transport import Transport
from imgforge_mcp.storage.paths import place_output, read_input
from tests.faults import tally
from tests.media.mutations import mutations, survive
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

# Addresses ----------------------------------------------------------------------------------------------------------

SPECIAL = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
)
"""IANA's special-purpose IPv4 addresses, written down here once more on purpose."""
WRAPPED = ("::ffff:{}", "::{}", "64:ff9b::{}", "2002:{0:x}:{1:x}::", "64:ff9b:1::{}", "fe80::{}", "fc00::{}")


def hosts(number: int, chance: random.Random) -> Iterator[str]:
    """Addresses as a URL may hold them, half of them special."""
    networks = [IPv4Network(text) for text in SPECIAL]
    for _ in range(number):
        network = chance.choice(networks)
        inside = network[chance.randrange(network.num_addresses)]
        address = chance.choice((inside, IPv4Address(chance.getrandbits(32))))
        octets, whole = address.packed, int(address)
        match chance.randrange(8):
            case 0 | 1:
                yield str(address)
            case 2:
                yield chance.choice((str(whole), hex(whole), oct(whole), f"0{whole:o}"))
            case 3:
                yield ".".join(chance.choice((str(part), hex(part), f"0{part:o}")) for part in octets) + "."
            case 4:
                yield f"{octets[0]}.{whole & 0xFFFFFF}"
            case 5:
                form = chance.choice(WRAPPED)
                text = form.format(whole >> 16, whole & 0xFFFF) if "{0" in form else form.format(address)
                yield f"[{IPv6Address(text)}]"
            case 6:
                yield f"[{IPv6Address(chance.getrandbits(125))}]"
            case _:
                yield f"{chance.choice(('user@', '%31', '', '[', chr(0x200B)))}{address}{chance.choice('%]#@')}"


def special(address: str) -> bool:
    """Whether an address must not be asked, told without the code under test."""
    if ":" not in address:
        return any(IPv4Address(address) in IPv4Network(text) for text in SPECIAL)
    packed = IPv6Address(address).packed
    if packed.startswith(bytes.fromhex("0064ff9b0000000000000000")):
        return special(str(IPv4Address(packed[12:])))
    return packed[0] & 0xE0 != 0x20 or packed[:2] == b"\x20\x02"  # outside of 2000::/3, or 6to4


def test_no_spelling_of_a_special_address_is_let_through(clock: VirtualClock) -> None:
    """Neither by what the URL says, nor by what the system makes of it when it connects."""
    transport, let = Transport(clock, Redactor()), Counter[bool]()
    for host in hosts(tally.many(10_000), random.Random(3)):
        try:
            transport.check(f"https://{host}/picture.png")
            bare = httpx.URL(f"https://{host}/").host.strip("[]").rstrip(".")
            found = {str(each[4][0]) for each in socket.getaddrinfo(bare, 443, flags=socket.AI_NUMERICHOST)}
        except (InvalidRequest, OSError, UnicodeError):
            let[False] += 1
            continue
        for address in found:
            assert not (is_public(address) and special(address)), (host, address)
            let[is_public(address)] += 1
    assert min(let.values()) > 1


# Paths --------------------------------------------------------------------------------------------------------------

PIECES = (
    *(
        "..",
        ".",
        "",
        "~",
        "allowed",
        "allowed_evil",
        "secret",
        "plain.png",
        "link",
        "linked",
        "sub",
        "%2e%2e",
        "....//",
    ),
    *("CON", "nul.png", "C:", "plain.png:x", "plain.png.", "\x00", "\n", "\u202e", "\ufffd", "a" * 300, "e\u0301", "É"),
    *("proc", "self", "environ", "dev", "zero", "$HOME", "file:", "\\", "\\\\host\\share", "?", "*", " ", "-rf"),
)


def test_no_path_leads_out_of_the_allowed_folder(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    for name in ("allowed/sub", "allowed_evil", "secret"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "plain.png").write_bytes(name.encode())
    (allowed / "link").symlink_to(tmp_path / "secret")
    (allowed / "linked").symlink_to(tmp_path / "secret" / "plain.png")
    before = sorted(tmp_path.rglob("*"))
    chance, read = random.Random(4), 0
    for _ in range(tally.many(5_000)):
        pieces = chance.choices((*PIECES, *["plain.png"] * 9), k=chance.choice((1, 1, 2, 3, 5)))
        start = chance.choice(("", "/", f"{allowed}/", f"{allowed}/../", "~", "//", f"file://{allowed}/", "./sub/"))
        path = start + chance.choice(("/", "/", "/", "\\", "//")).join(pieces)
        with suppress(InvalidRequest, StorageError):
            assert read_input(path, [allowed]) == b"allowed/sub", path
            read += 1
        with suppress(InvalidRequest, StorageError):
            place_output(path, [allowed])
    assert read
    outside = [path for path in tmp_path.rglob("*") if allowed not in path.parents and path not in before]
    assert outside == []


# Pictures -----------------------------------------------------------------------------------------------------------


async def test_a_broken_picture_is_sound_or_refused() -> None:
    outcomes, broken = Counter[str](), mutations(tally.many(20_000), seed=48)
    decoder = Decoder(preview_px=64, preview_bytes=10_000)

    async def work() -> None:
        for _, data in broken:
            outcomes[await survive(decoder, data)] += 1

    try:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(work)
    finally:
        decoder.close()
    assert set(outcomes) == {"sound", "refused"}


# Secrets ------------------------------------------------------------------------------------------------------------

SPELLED = (
    (lambda text: text, 12),
    (lambda text: text[::-1], 12),
    (lambda text: text.upper(), 12),
    (lambda text: quote(text, safe=""), 12),
    (lambda text: base64.b64encode(text.encode()).decode(), 12),
    (lambda text: base64.urlsafe_b64encode(text.encode()).decode(), 12),
    (lambda text: text.encode().hex(), 12),
    (lambda text: base64.b32encode(text.encode()).decode(), 12),
    (lambda text: "".join(f"%{ord(letter):02X}" for letter in text), 36),
    (lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text), 72),
    (lambda text: " ".join(text), 24),
)
"""And how many characters of it tell something."""


def test_no_piece_of_a_key_is_left_in_any_text() -> None:
    chance = random.Random(6)
    for _ in range(tally.many(10_000) // 100):
        key = base64.b64encode(chance.randbytes(chance.randrange(12, 40))).decode()
        redactor = Redactor([key])
        for _ in range(100):
            spelling, shortest = chance.choice(SPELLED)
            spelled = spelling(key)
            length = chance.randrange(shortest, len(spelled) + 1)
            start = chance.randrange(len(spelled) - length + 1)
            piece = spelled[start : start + length]
            if len(piece.rstrip("=")) < shortest:
                continue  # what fills the last letters up tells nothing
            around = "".join(chance.choices('abc {}[]":,/?&=\n\u0130é', k=chance.randrange(20)))
            word = piece.strip("/").lower()
            if word.isalpha() and len(word) <= 12 and not re.search("[^aeiouy]{5}", word):
                continue  # it may be one
            shown = redactor.text(f"{around}{piece}{around}")
            assert piece not in shown, (key, piece)
            left = [key[at : at + 8].lower() for at in range(len(key) - 7) if key[at : at + 8].lower() in shown.lower()]
            assert all(each.isalpha() for each in left), (key, piece)
