"""Text that may come from anywhere, on a terminal or in a log: nothing in it steers the terminal or hides anything."""

import unicodedata

JOINERS = "\u200b\u200c\u200d"
"""Of scripts and emoji; they steer nothing."""


def legible(text: str, kept: str = JOINERS) -> str:
    """The same, with every control, format and unassigned character as its escape: colours, cursor movements, bells,
    line ends and directions of writing, unless they are `kept`. A JSON text stays the same value."""
    if text.isprintable():
        return text
    return "".join(each if _is_plain(each) or each in kept else _escape(each) for each in text)


def _is_plain(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
