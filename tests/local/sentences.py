"""Prompts made by a grammar out of everyday English words, none of them taken from what the illustrator knows."""

import random
from dataclasses import dataclass

# the nouns that English is written with most, and those that a child's picture book shows
_NOUNS = """
time person year way day thing man world life hand part child eye woman place work week case point government
company number group problem fact school state family student country night house area money story month lot right
study book word business issue side kind head service friend father power hour game line end member law car city
community name president team minute idea kid body information back parent face others level office door health art
war history party result change morning reason research girl guy moment air teacher force education food foot boy
age policy music market sense nation plan college interest death experience effect use class control field
development role effort rate heart drug show leader light voice wife police mind price report decision son view
relationship town road arm difference value building action season society tax director position player record paper
space ground form event official matter center couple site project activity star table need court oil situation cost
industry figure street image phone data picture practice piece land product doctor wall patient worker news test
movie north love support technology step baby computer type attention film tree source hair look chance window
culture choice rain machine glass summer sea bed fire bank truth animal apple arrow bag ball balloon banana basket
bear bee bell belt bench bicycle bird blanket boat bone bottle bowl box branch bread brick bridge broom brush bucket
bus butter button cake camel camera candle cap carpet carrot castle cat chain chair cheese cherry chicken clock
cloud coat coin comb cow crown cup curtain deer desk dinner dog doll dragon drawer dress drum duck ear egg elephant
engine envelope farm feather fence finger fish flag floor flower fly fork fox frog garden gate ghost giraffe glove
goat gold goose grape grass guitar hammer hat hen hill honey horn horse hospital ice island jacket jar jelly jewel
key kite kitchen knife ladder lake lamp leaf leg lemon letter lion lock map meat milk mirror monkey moon mountain
mouse mouth mushroom nail neck needle nest nose nut ocean onion orange oven owl ox panda pants pear pen pencil
pepper piano pig pillow pin pipe plane plant plate pocket pot potato pumpkin queen rabbit radio ring river robot
rock roof room rope rose sail salt sand scissors seed sheep shelf ship shirt shoe shovel sink skirt sky sled smoke
snail snake snow soap sock sofa spider spoon stair stamp station stone store storm sugar suit sun swan sword tail
tape teeth tent thread ticket tiger tie toad toe tooth towel tower toy train tray truck turtle umbrella valley vase
violin volcano wagon watch water wheel whistle wind wing wolf wood worm yarn zebra angel mermaid fairy guard toucan
"""
NOUNS = tuple(_NOUNS.split())
COLOURS = ("red", "blue", "green", "yellow", "purple", "black", "white", "golden", "pink", "brown")
NUMBERS = ("two", "three", "four", "five", "6", "nine", "twelve", "twenty", "several", "many")
RELATIONS = (
    "on",
    "under",
    "beside",
    "behind",
    "in",
    "above",
    "near",
    "next to",
    "in front of",
    "between",
    "over",
    "inside",
)
ACTIONS = ("sleeping", "running", "sitting", "reading", "flying", "holding", "eating", "dancing", "swimming", "waiting")
PLACES = (
    "in a forest",
    "on the beach",
    "in a kitchen",
    "in the snow",
    "at night",
    "in a city",
    "by a lake",
    "in an office",
    "at sunset",
    "in space",
    "under the sea",
    "in a garden",
    "in a museum",
    "on a mountain",
    "in the desert",
)
PRAISE = ("beautiful", "tiny", "very old", "highly detailed", "wooden", "fluffy", "cinematic", "happy")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A prompt, and the words in it that an account may not leave out."""

    text: str
    words: tuple[str, ...]


def sentences(count: int, seed: int) -> list[Sentence]:
    dice = random.Random(seed)
    return [_sentence(dice) for _ in range(count)]


def _sentence(dice: random.Random) -> Sentence:
    words: list[str] = []
    parts = [_phrase(dice, words)]
    if dice.random() < 0.35:
        parts.append(_said(dice.choice(ACTIONS), words))
    for _ in range(dice.choice((0, 1, 1, 2))):
        parts += [_said(dice.choice(RELATIONS), words), _phrase(dice, words)]
    if dice.random() < 0.5:
        place = dice.choice(PLACES)
        parts.append(place)
        words += [word for word in place.split() if word not in ("a", "an", "the")]
    if dice.random() < 0.15:
        text = dice.choice(NOUNS).title()
        parts.append(f'with the words "{text}"')
        words.append(f'"{text.lower()}"')
    return Sentence(" ".join(parts), tuple(words))


def _phrase(dice: random.Random, words: list[str]) -> str:
    noun = dice.choice(NOUNS)
    parts = []
    if dice.random() < 0.3:
        parts.append(_said(dice.choice(NUMBERS), words))
        noun = _plural(noun)
    else:
        parts.append(dice.choice(("a", "the")))
    if dice.random() < 0.3:
        parts.append(dice.choice(PRAISE))
    if dice.random() < 0.35:
        parts.append(_said(dice.choice(COLOURS), words))
    words.append(noun)
    return " ".join((*parts, noun))


def _said(word: str, words: list[str]) -> str:
    words.extend(word.split() if word not in ("next to", "in front of") else (word,))
    return word


def _plural(noun: str) -> str:
    irregular = {
        "child": "children",
        "man": "men",
        "woman": "women",
        "person": "people",
        "mouse": "mice",
        "wolf": "wolves",
    }
    if noun in irregular:
        return irregular[noun]
    if noun.endswith("s") or noun in ("sheep", "fish", "deer", "teeth"):
        return noun
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("x", "ch", "sh")) else "s")
