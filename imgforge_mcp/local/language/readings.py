"""Words with more than one meaning, and which of them was taken."""

from __future__ import annotations

from typing import Final

from imgforge_mcp.local.language.subjects import Reading

_DRAWINGS: Final = {
    ("bat", "bat"): "the animal",
    ("crane", "flamingo"): "the bird",
    ("mouse", "mouse"): "the animal",
    ("bank", "bank"): "the building",
    ("seal", "seal"): "the animal",
    ("jaguar", "leopard"): "the animal",
    ("ring", "ring"): "the jewel",
    ("ram", "ram"): "the animal",
    ("orange", "tangerine"): "the fruit",
    ("turkey", "turkey"): "the bird",
    ("cricket", "cricket"): "the insect",
    ("fly", "fly"): "the insect",
    ("bow", "bow-and-arrow"): "the weapon",
    ("organ", "musical-keyboard"): "the instrument",
    ("bass", "guitar"): "the instrument",
    ("chest", "treasure-chest"): "the box",
    ("glass", "wine-glass"): "a glass to drink from",
    ("glasses", "glasses"): "eyeglasses",
    ("watch", "watch"): "a wristwatch",
    ("plant", "potted-plant"): "a plant in a pot",
    ("star", "star"): "the shape",
    ("pepper", "bell-pepper"): "the vegetable",
    ("tie", "necktie"): "a necktie",
    ("cap", "billed-cap"): "the hat",
    ("mug", "hot-beverage"): "the cup",
    ("slide", "playground-slide"): "the slide of a playground",
    ("pipe", "pipe"): "a pipe",
    ("drop", "droplet"): "a drop of water",
    ("note", "musical-note"): "a musical note",
    ("letter", "envelope"): "an envelope",
    ("school", "school"): "the building",
    ("football", "soccer-ball"): "the round ball",
    ("pen", "pen"): "the pen to write with",
    ("pool", "pool-8-ball"): "the game",
}
_MEANINGS: Final = {
    ("wallpaper", "abstract"): "an abstract pattern",
    ("texture", "abstract"): "an abstract pattern",
    ("wave", "ocean"): "a wave of the sea",
    ("spring", "spring"): "the season",
    ("fall", "autumn"): "the season",
    ("park", "meadow"): "a meadow",
    ("field", "meadow"): "a meadow",
    ("plate", "studio"): "a plate on a table",
    ("bar", "room"): "a café",
    ("desert", "desert"): "the landscape",
    ("table", "studio"): "a table top",
    ("film", "cinematic"): "the look of a film",
    ("palms", "palms"): "palm trees",
    ("iris", "flowers"): "the flower",
}


def readings_of(reading: Reading) -> tuple[str, ...]:
    """'Read "bat" as the animal.' for each such word of the prompt."""
    taken: dict[str, str] = {}
    for start, length, drawing in reading.spans:
        word = " ".join(reading.words[start : start + length])
        if drawing and (word, drawing) in _DRAWINGS:
            taken[word] = _DRAWINGS[word, drawing]
        for entries in reading.found.values():
            for at, name in entries:
                if at == start and (word, name) in _MEANINGS:
                    taken[word] = _MEANINGS[word, name]
    return tuple(f"Read '{word}' as {meaning}." for word, meaning in taken.items())
