"""What kind of thing each drawing is: how tall in metres, where it lives, what it stands in."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from imgforge_mcp.local.sprites.library import library

Medium = Literal["ground", "water", "air", "swim", "space"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`height` in metres, `home` the place to draw it when the prompt names none, `medium` what carries it."""

    height: float
    home: str
    medium: Medium = "ground"


_KINDS: tuple[tuple[float, str, Medium, str], ...] = (
    (0.05, "meadow", "ground", "ant beetle lady-beetle cricket snail bug worm spider scorpion cockroach caterpillar"),
    (0.12, "garden", "air", "butterfly honeybee fly mosquito"),
    (
        0.2,
        "meadow",
        "ground",
        "mouse hamster frog lizard hedgehog chipmunk baby-chick front-facing-baby-chick hatching-chick crab rat",
    ),
    (
        0.35,
        "meadow",
        "ground",
        (
            "rabbit squirrel snake turtle chicken rooster hedgehog skunk beaver otter raccoon badger owl "
            "parrot koala sloth dodo"
        ),
    ),
    (0.45, "room", "ground", "cat black-cat"),
    (0.6, "meadow", "ground", "dog poodle guide-dog service-dog goat ewe ram pig turkey peacock goose"),
    (0.6, "forest", "ground", "fox"),
    (0.9, "forest", "ground", "wolf boar"),
    (0.8, "alpine", "ground", "penguin seal"),
    (1.4, "forest", "ground", "deer bear gorilla orangutan monkey leopard tiger panda mushroom"),
    (1.3, "meadow", "ground", "lion kangaroo"),
    (
        1.9,
        "meadow",
        "ground",
        "horse cow ox water-buffalo donkey bison llama zebra unicorn moose rhinoceros hippopotamus",
    ),
    (2.2, "desert", "ground", "camel two-hump-camel cactus"),
    (3.2, "meadow", "ground", "elephant giraffe mammoth dragon"),
    (6.0, "forest", "ground", "sauropod t-rex"),
    (0.5, "meadow", "air", "bird black-bird dove eagle bat owl-flying phoenix feather"),
    (0.6, "lake", "water", "duck swan flamingo"),
    (
        0.5,
        "underwater",
        "swim",
        "fish tropical-fish blowfish octopus jellyfish squid lobster shrimp crocodile coral spiral-shell oyster",
    ),
    (2.2, "underwater", "swim", "shark dolphin orca mermaid merman"),
    (4.5, "ocean", "swim", "whale spouting-whale"),
    (6.0, "ocean", "water", "sailboat speedboat motor-boat wooden-boat"),
    (1.4, "lake", "water", "canoe person-rowing-boat"),
    (9.0, "ocean", "water", "ship passenger-ship ferry pirate-ship"),
    (3.0, "alpine", "air", "airplane small-airplane helicopter parachute balloon flying-saucer flying-disc"),
    (1.0, "meadow", "air", "kite"),
    (5.0, "alpine", "air", "hot-air-balloon"),
    (4.5, "space", "air", "rocket"),
    (
        4.0,
        "space",
        "space",
        (
            "satellite space-station ringed-planet globe-showing-europe-africa globe-showing-americas "
            "globe-showing-asia-australia comet shooting-star alien-monster"
        ),
    ),
    (
        1.5,
        "street",
        "ground",
        (
            "automobile taxi police-car racing-car sport-utility-vehicle motorcycle motor-scooter bicycle "
            "kick-scooter oncoming-automobile oncoming-taxi"
        ),
    ),
    (
        2.8,
        "street",
        "ground",
        (
            "bus trolleybus delivery-truck articulated-lorry fire-engine ambulance minibus pickup-truck tram "
            "auto-rickshaw lamp-post vertical-traffic-light"
        ),
    ),
    (
        3.2,
        "meadow",
        "ground",
        "tractor train locomotive railway-car high-speed-train bullet-train monorail camping tent well",
    ),
    (
        6.0,
        "meadow",
        "ground",
        "house house-with-garden hut cabin derelict-house barn modern-house deciduous-tree evergreen-tree",
    ),
    (
        9.0,
        "meadow",
        "ground",
        (
            "castle japanese-castle church mosque windmill hindu-temple synagogue ferris-wheel circus-tent "
            "classical-building"
        ),
    ),
    (8.0, "lake", "ground", "shinto-shrine pagoda"),
    (9.0, "coast", "ground", "lighthouse palm-tree bridge"),
    (40.0, "city", "ground", "tokyo-tower eiffel-tower"),
    (9.0, "coast", "water", "suspension-bridge"),
    (2.0, "mars", "ground", "rover"),
    (0.3, "garden", "air", "hummingbird"),
    (
        12.0,
        "city",
        "ground",
        ("office-building skyscraper statue-of-liberty stadium factory hotel hospital school bank department-store"),
    ),
    (
        1.2,
        "room",
        "ground",
        "couch-and-lamp bed chair bathtub television door potted-plant teddy-bear desktop-computer piano",
    ),
    (1.6, "room", "ground", "robot"),
    (2.5, "room", "ground", "christmas-tree"),
    (1.5, "meadow", "ground", "snowman snowman-without-snow fire fountain bench fence sunflower tulip rose"),
    (1.7, "meadow", "ground", "ghost alien"),
    (1.0, "lake", "water", "lotus"),
    (1.7, "coast", "water", "person-surfing person-swimming"),
    (1.7, "alpine", "ground", "person-climbing"),
    (1.0, "forest", "ground", "branch"),
    (0.4, "studio", "ground", "vase bouquet rose-bouquet amphora"),
    (7.0, "meadow", "ground", "treehouse"),
    (2.6, "street", "ground", "market-stall"),
    (1.1, "room", "ground", "crib"),
    (2.0, "street", "ground", "stairs"),
    (2.2, "room", "ground", "ladder"),
    (0.3, "studio", "ground", "plate whole-pizza"),
    (0.22, "studio", "ground", "ramen birthday-cake chocolate-cake pot-of-food spaghetti watermelon pineapple teapot"),
    (0.05, "studio", "ground", "strawberry cherries egg grapes lemon cookie candy peanuts tangerine lime chestnut"),
    (0.08, "studio", "ground", "chopsticks"),
    (0.3, "meadow", "ground", "wizard-hat party-hat santa-hat cowboy-hat"),
)

_GROUPS = {
    "Animals & Nature": Kind(0.6, "meadow"),
    "Food & Drink": Kind(0.15, "studio"),
    "Travel & Places": Kind(3.0, "meadow"),
    "Activities": Kind(0.3, "studio"),
    "Objects": Kind(0.25, "studio"),
    "Smileys & Emotion": Kind(0.5, "plain"),
    "People & Body": Kind(1.7, "meadow"),
}
_ROLE_HOMES = {
    "astronaut": "space",
    "knight": "meadow",
    "wizard": "forest",
    "witch": "forest",
    "samurai": "meadow",
    "ninja": "city",
    "pirate": "ocean",
    "cowboy": "desert",
    "farmer": "meadow",
    "chef": "room",
    "doctor": "room",
    "businessman": "city",
    "skier": "alpine",
    "santa": "alpine",
    "viking": "ocean",
}


@functools.cache
def _by_name() -> dict[str, Kind]:
    return {name: Kind(height, home, medium) for height, home, medium, words in _KINDS for name in words.split()}


def kind_of(name: str) -> Kind:
    if name.startswith("figure:"):
        role = name.partition(":")[2]
        height = 1.2 if role in ("girl", "boy", "child", "child-red") else 1.75
        return Kind(height, _ROLE_HOMES.get(role, "portrait"))
    known = _by_name().get(name)
    if known:
        return known
    art = library().get(name)
    return _GROUPS.get(art.group, _GROUPS["Objects"]) if art else Kind(0.3, "studio")
