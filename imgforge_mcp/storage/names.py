"""File names as people give them: kept whole, with the extension of the bytes, as long as a file system takes. Pure."""

import re
import unicodedata

EXTENSION = re.compile(
    r"\.(png|apng|jpe?g|jpe|jfif|webp|gif|avif|svgz?|tiff?|bmp|hei[cf]|ico|pdf)$",
    re.IGNORECASE,
)
"""What people mean as the kind of a picture; anything else behind a dot belongs to the name."""
RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
NAME_BYTES = 255
TAIL_BYTES = 12
"""Kept free for a number and an extension: `-9999.jpeg`."""
TITLE_BYTES = 60
QUOTES = str.maketrans("‘’“”", "''\"\"")


def is_odd(character: str) -> bool:
    """Whether no file name should have it: control and direction characters, lone surrogates, what could not be
    decoded. Spaces of every kind are in names that systems make themselves, joiners in emoji and Persian."""
    if character.isprintable() or character in "\u200c\u200d":
        return character == "\ufffd"
    return unicodedata.category(character) != "Zs"


def plain(name: str) -> str:
    """What two names have in common that look alike: systems take accents apart, put narrow spaces into the names that
    they make, and round quotation marks; whoever repeats such a name writes it the usual way."""
    return unicodedata.normalize("NFKC", name).translate(QUOTES).casefold()


def without_extension(name: str) -> str:
    """`Mr. Fox` and `v1.2 final` stay whole, `tower.v2.png` is `tower.v2`; a name that is all extension stays."""
    return EXTENSION.sub("", name) or name


def shortened(name: str, most: int = NAME_BYTES - TAIL_BYTES) -> str:
    """At most so many bytes of UTF-8, with no character cut or left without what it carries; one that is too long by
    itself is cut."""
    if len(name.encode()) <= most:
        return name
    cut = kept = name.encode()[:most].decode(errors="ignore")
    rest = name[len(kept) :]
    while kept and (unicodedata.combining(rest[0]) or "\u200d" in (kept[-1], rest[0]) or _joins(rest[0])):
        kept, rest = kept[:-1], kept[-1] + rest
    return kept.rstrip(". \u200d") or cut


def from_title(title: str) -> str:
    """A file name made of a prompt's first words."""
    name = ""
    for word in re.sub(r"[^\w\s'-]+", " ", title).split():
        longer = f"{name} {word}".strip()
        if len(longer.encode()) > TITLE_BYTES:
            break
        name = longer
    name = name or shortened("".join(re.findall(r"\w", title)), TITLE_BYTES)
    return name if name and not RESERVED.match(name) else "image"


def _joins(character: str) -> bool:
    """A variation selector or a skin tone, which belong to the character before."""
    return "\ufe00" <= character <= "\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff"
