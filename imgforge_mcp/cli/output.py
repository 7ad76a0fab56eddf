"""How the command line shows things: answers and failures, tables that fit the terminal, ages, sums, the line of
progress."""

import argparse
import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import ConfigError, ForgeError, InvalidRequest, UnusableDatabase, UnusableHome
from imgforge_mcp.base.legible import JOINERS, legible
from imgforge_mcp.base.types import Progress

FAILED, WRONG_USAGE = 1, 2
COLUMNS = 80
"""Of a terminal that does not say, and of a file."""
NARROWEST, GAP, LEAST = 40, 2, 6
BAR = 24
AGES = ((60, "s", 1), (3600, "m", 60), (48 * 3600, "h", 3600), (60 * 86400, "d", 86400))
"""Up to how many seconds an age is told in which unit."""
SHOWN = f"\n{JOINERS}"
UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table's column. One that `gives` is cut when the table is too wide; one that is `whole` is never cut nor padded
    (a path, in the last place)."""

    title: str
    gives: bool = False
    whole: bool = False
    to_right: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """The rows below the titles, within the terminal's width; empty columns are left out."""
    used = [place for place, column in enumerate(columns) if any(row[place] for row in rows)]
    columns = [columns[place] for place in used]
    cells = [[_plain(row[place]) for place in used] for row in rows]
    widths = [
        max(shown_width(text) for text in (column.title, *(row[place] for row in cells)))
        for place, column in enumerate(columns)
    ]
    widths = _fitted(columns, widths, width or terminal_width())
    return [
        _line(columns, widths, [column.title for column in columns]),
        *(_line(columns, widths, row) for row in cells),
    ]


def _plain(text: str) -> str:
    """A text on one line, without what would steer the terminal."""
    return " ".join("".join(each if each.isprintable() or each in JOINERS else " " for each in text).split())


def _fitted(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """The widest of the columns that give is cut first."""
    fixed = [each for each, column in zip(widths, columns, strict=True) if not column.whole]
    excess = sum(fixed) + GAP * (len(columns) - 1) - width
    giving = [place for place, column in enumerate(columns) if column.gives]
    while excess > 0 and (widest := max(giving, key=lambda place: widths[place], default=None)) is not None:
        if widths[widest] <= LEAST:
            break
        widths[widest] -= 1
        excess -= 1
    return widths


def _line(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str]) -> str:
    parts = []
    for column, width, text in zip(columns, widths, cells, strict=True):
        shown = text if column.whole else cut(text, width)
        space = " " * max(0, width - shown_width(shown))
        parts.append(space + shown if column.to_right else shown + space)
    return (" " * GAP).join(parts).rstrip()


def cut(text: str, width: int) -> str:
    """The text within so many columns, cut between words where it has any, with a mark."""
    if shown_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if shown_width(kept + character) >= width:
            break
        kept += character
    if not text[len(kept)].isspace() and len(words := kept.rpartition(" ")[0]) > len(kept) // 2:
        kept = words
    return f"{kept.rstrip(' ,;:')}…" if width > 0 else ""


def shown_width(text: str) -> int:
    """The columns that a terminal gives a text."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in JOINERS or character in "\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def terminal_width() -> int:
    """Of stdout's terminal; 80 for a pipe or a file."""
    if not sys.stdout.isatty():
        return COLUMNS
    return max(NARROWEST, shutil.get_terminal_size((COLUMNS, 24)).columns)


def wrapped(text: str, indent: str = "") -> list[str]:
    """A text in lines of the terminal's width, whole where there is no terminal; what has no space in it, such as a
    path, is never broken."""
    if not sys.stdout.isatty():
        return [text]
    return textwrap.wrap(
        text, terminal_width(), break_long_words=False, break_on_hyphens=False, subsequent_indent=indent
    )


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago: `5s`, `3m`, `2h`, `4d`; a date where that is two months and more."""
    if moment is None:
        return ""
    seconds = max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
    for below, unit, one in AGES:
        if seconds < below:
            return f"{int(seconds // one)}{unit}"
    return moment.date().isoformat()


def money(amount: float | None) -> str:
    """US dollars to four figures; nothing for what is not known."""
    return "" if amount is None else "free" if amount == 0 else f"${amount:.4g}"


def amount_of(size: int) -> str:
    """Bytes as a person says them."""
    value = float(size)
    for unit in UNITS[:-1]:
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} {UNITS[-1]}"


async def show_progress(progress: Progress) -> None:
    filled = round((progress.fraction or 0.0) * BAR)
    overwrite(f"[{'#' * filled}{'-' * (BAR - filled)}] {progress.message}")


def overwrite(text: str) -> None:
    """Put a text in place of the terminal's last line, cut between words: one that wraps, by a ^C even, would stay."""
    columns = os.get_terminal_size(sys.stderr.fileno()).columns or COLUMNS
    print(f"\r\033[K{cut(text, max(0, columns - 3))}", end="", file=sys.stderr, flush=True)


def show(value: Any, options: argparse.Namespace, lines: Sequence[str], *, to_stderr: bool = False) -> None:
    """An answer: lines for a person, or, with --json, the value for a program."""
    if options.json:
        print(as_json(value))
        return
    for line in lines:
        print(legible(line, SHOWN), file=sys.stderr if to_stderr else sys.stdout)


def as_json(value: Any) -> str:
    """For a program, and safe on a terminal."""
    return legible(json.dumps(value, ensure_ascii=False, indent=2), SHOWN)


def failed(error: ForgeError, options: argparse.Namespace) -> int:
    """Say why a command failed, as one sentence or as the public error; its exit code."""
    if options.json:
        print(as_json(error.body(f"req_{Clock().new_id()}")))
    else:
        print(legible(f"imgforge-mcp: {error.message}", SHOWN), file=sys.stderr)
    return WRONG_USAGE if isinstance(error, InvalidRequest | ConfigError | UnusableHome | UnusableDatabase) else FAILED
