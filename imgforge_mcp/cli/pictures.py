"""A picture in the terminal itself, where that can show one: by the protocols of kitty and iTerm2, or as sixels.

What a terminal can is read from its environment; it is asked nothing, so nothing waits for an answer.
"""

import io
import os
import struct
import sys
from importlib.util import find_spec

CELL = (10, 20)
"""Pixels of a character where the terminal does not say."""
WIDEST, HIGHEST = 64, 24
"""Characters."""
MOST_BYTES = 400_000


def can_show() -> bool:
    """Whether stdout is a terminal that shows pictures, and the library for it is there (extra `terminal`)."""
    return sys.stdout.isatty() and find_spec("chafa") is not None and _mode() is not None


def show(data: bytes) -> None:
    """Print a picture, given as JPEG, PNG or WebP."""
    import chafa
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        pixels = image.convert("RGB")
    size = os.get_terminal_size(sys.stdout.fileno())
    config = chafa.CanvasConfig()
    config.pixel_mode = _mode()
    config.canvas_mode = chafa.CanvasMode.CHAFA_CANVAS_MODE_TRUECOLOR
    config.cell_width, config.cell_height = cell = _cell()
    config.width, config.height = min(WIDEST, size.columns or WIDEST), min(HIGHEST, max(4, size.lines - 4))
    config.calc_canvas_geometry(pixels.width, pixels.height, cell[0] / cell[1])
    canvas = chafa.Canvas(config)
    canvas.draw_all_pixels(
        chafa.PixelType.CHAFA_PIXEL_RGB8, pixels.tobytes(), pixels.width, pixels.height, pixels.width * 3
    )
    sys.stdout.flush()
    sys.stdout.buffer.write(canvas.print(chafa.TermDb().detect()) + b"\n")
    sys.stdout.flush()


def _mode() -> object:
    """The best protocol that the terminal is known for; None where it shows no pictures."""
    import chafa

    terminal, sequences, modes = chafa.TermDb().detect(), chafa.TermSeq, chafa.PixelMode
    for sequence, mode in (
        (sequences.CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1, modes.CHAFA_PIXEL_MODE_KITTY),
        (sequences.CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE, modes.CHAFA_PIXEL_MODE_ITERM2),
        (sequences.CHAFA_TERM_SEQ_BEGIN_SIXELS, modes.CHAFA_PIXEL_MODE_SIXELS),
    ):
        if terminal.have_seq(sequence):
            return mode
    return None


def _cell() -> tuple[int, int]:
    """Width and height of a character in pixels."""
    if os.name == "nt":
        return CELL
    import fcntl
    import termios

    try:
        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return CELL
    rows, columns, width, height = struct.unpack("4H", answer)
    if not (rows and columns and width >= columns and height >= rows):
        return CELL
    return width // columns, height // rows
