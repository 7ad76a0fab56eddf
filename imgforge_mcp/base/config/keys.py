"""Keys as people paste them: what certainly does not belong is taken off, what cannot be a key is refused by name."""

import re
from pathlib import Path

MOST_BYTES = 64 * 1024
"""Of a file that holds a key."""
OUTER = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff"
"""Spaces seen and unseen, and the byte order mark."""
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»"}
VISIBLE = re.compile(r"[!-~]+")


def cleaned(text: str) -> str:
    """The text without what an editor, a web page or a `.env` file put around it: space, byte order mark, a pair of
    quotes."""
    text = text.strip(OUTER)
    if len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip(OUTER)
    return text


def one_line(text: str) -> str:
    """A key, account or address, cleaned. It travels in a header or a URL, so it is visible ASCII without spaces.

    Raises:
        ValueError: it is not; the message says what it holds, and never the value.
    """
    text = cleaned(text)
    if text and not VISIBLE.fullmatch(text):
        odd = next(character for character in text if not VISIBLE.fullmatch(character))
        raise ValueError(f"holds {_named(odd)}, which none of its kind does; copy it once more, as one line")
    return text


def read_file(path: str) -> str:
    """The key in a file.

    Raises:
        ValueError: the file cannot be read, or holds no key.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")
    except FileNotFoundError:
        raise ValueError("names a file that does not exist") from None
    except (OSError, UnicodeError, RuntimeError, ValueError) as error:
        raise ValueError(f"names a file that cannot be read ({type(error).__name__})") from None
    if len(data) > MOST_BYTES:
        raise ValueError("names a file that is too large to be a key")
    key = one_line(text)
    if not key:
        raise ValueError("names a file that is empty")
    return key


def _named(character: str) -> str:
    match character:
        case "\n" | "\r":
            return "a line break"
        case " " | "\t" | "\u00a0":
            return "a space"
        case _ if character in OUTER:
            return f"an invisible character (U+{ord(character):04X})"
        case _ if character in "“”‘’„«»":
            return "a typographic quotation mark"
        case _:
            return f"the character U+{ord(character):04X}"
