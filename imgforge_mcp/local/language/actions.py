"""What someone can be said to do: the words of an action, and the drawings and poses that show it."""

from __future__ import annotations

import functools
from typing import Final

_WORDS: Final = {
    "sitting": "sitting sits sit seated sat perched",
    "lying": "lying lies lie laying lays",
    "sleeping": "sleeping sleeps sleep asleep napping dozing",
    "standing": "standing stands stand",
    "walking": "walking walks walk strolling strolls wandering",
    "running": "running runs run jogging jogs sprinting",
    "kneeling": "kneeling kneels",
    "climbing": "climbing climbs climb",
    "swimming": "swimming swims swim",
    "dancing": "dancing dances dance",
    "flying": "flying flies soaring soars hovering hovers gliding floating floats",
    "riding": "riding rides ride",
    "holding": "holding holds hold carrying carries",
    "wearing": "wearing wears wear",
    "surfing": "surfing surfs",
    "skiing": "skiing skis",
    "snowboarding": "snowboarding",
    "cycling": "cycling cycles biking",
    "rowing": "rowing rows",
    "sailing": "sailing sails",
    "meditating": "meditating meditates yoga",
    "golfing": "golfing golf",
    "juggling": "juggling juggles",
    "lifting": "lifting weightlifting",
    "fencing": "fencing",
    "orbiting": "orbiting orbits",
    "bathing": "bathing bathes",
    "crossing": "crossing crosses cross",
    "reading": "reading reads",
    "jumping": "jumping jumps jump leaping leaps",
    "playing": "playing plays",
}
_UNSHOWN: Final = (
    "eating eats drinking drinks driving drives smiling smiles laughing "
    "laughs "
    "crying cries watching watches gazing staring looking looks posing resting leaning leans hanging hangs "
    "falling falls "
    "rising growing grows fishing cooking cooks painting singing sings fighting fights hugging kissing chasing chases "
    "hunting digging shopping working works talking talks shouting pushing pulling throwing catching kicking waving "
    "pointing crawling hiding racing barking roaring grazing roaming working studying teaching writing building "
    "celebrating praying hiking camping skating exploring landing taking_off exploding burning melting blowing waiting "
    "fishing baking gardening washing cleaning opening closing pouring cutting serving typing"
)
# drawings of the library for people who do it
POSES: Final = {
    "running": "person-running",
    "kneeling": "person-kneeling",
    "climbing": "person-climbing",
    "swimming": "person-swimming",
    "dancing": "woman-dancing",
    "surfing": "person-surfing",
    "skiing": "skier",
    "snowboarding": "snowboarder",
    "cycling": "person-biking",
    "rowing": "person-rowing-boat",
    "meditating": "person-in-lotus-position",
    "golfing": "person-golfing",
    "juggling": "person-juggling",
    "lifting": "person-lifting-weights",
    "fencing": "person-fencing",
    "sleeping": "person-in-bed",
    "bathing": "person-taking-bath",
}


def action_of(word: str) -> str:
    """The action a word speaks of; "" if it is no word of doing."""
    return _table().get(word, "")


@functools.cache
def _table() -> dict[str, str]:
    table = {word: word for word in _UNSHOWN.split()}
    return table | {word: action for action, words in _WORDS.items() for word in words.split()}
