"""Pictures broken at random, the same ones for the same seed; as a script, as many as one likes:
`python -m tests.media.mutations 100000 7`."""

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import anyio

from imgforge_mcp.base.errors import BadReply, InvalidRequest
from imgforge_mcp.media.decoder import Decoder
from tests.media._pictures import corpus

EXTREMES = (0x00, 0x01, 0x7F, 0x80, 0xFF)


def mutations(number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many broken pictures, each with the name of the sound one that it was."""
    chance = random.Random(seed)
    sound = corpus()
    names = sorted(sound)
    for count in range(number):
        name = names[count % len(names)]
        data = bytearray(sound[name])
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            mutate(data, chance, sound[chance.choice(names)])
        yield name, bytes(data)


def mutate(data: bytearray, chance: random.Random, other: bytes) -> None:
    if not data:
        return
    # Heads are where decoders decide; they are hit as often as all the rest.
    reach = min(len(data), chance.choice((64, 256, len(data))))
    at = chance.randrange(reach)
    match chance.randrange(8):
        case 0:
            data[at] ^= 1 << chance.randrange(8)
        case 1:
            data[at] = chance.choice(EXTREMES)
        case 2:
            data[at : at + 4] = bytes(chance.choice(EXTREMES) for _ in range(4))
        case 3:
            del data[at:]
        case 4:
            del data[at : at + chance.randrange(1, 64)]
        case 5:
            data[at:at] = data[at : at + chance.randrange(1, 128)] * chance.randrange(1, 4)
        case 6:
            start = chance.randrange(len(other))
            data[at : at + 32] = other[start : start + 32]
        case 7:
            data[at:at] = chance.randbytes(chance.randrange(1, 16))


async def survive(decoder: Decoder, data: bytes) -> str:
    """What became of a picture: sound, or refused; anything else is a fault and is raised."""
    try:
        await decoder.inspect(data)
        outcome = "sound"
    except BadReply:
        outcome = "refused"
    with suppress(InvalidRequest):
        await decoder.as_input(data, 256)
    return outcome


async def main(number: int, seed: int) -> None:
    decoder, outcomes = Decoder(preview_px=64, preview_bytes=10_000), Counter[str]()
    try:
        for name, data in mutations(number, seed):
            try:
                outcomes[await survive(decoder, data)] += 1
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                outcomes["FAULT"] += 1
                sys.stdout.write(f"{name}: {error!r}: {data.hex()}\n")
    finally:
        decoder.close()
    sys.stdout.write(f"{number} broken pictures of seed {seed}: {dict(outcomes)}\n")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    number, seed = (*given, *(20_000, 1)[len(given) :])
    anyio.run(main, number, seed)
