"""Whole animals for those whose library drawing is a head: a sitting body under it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops

from imgforge_mcp.local.sprites.library import library, picture, rasterise


@dataclass(frozen=True, slots=True)
class _Coat:
    """Colours of back, chest and paws, and the tail."""

    back: str
    shade: str
    chest: str
    paws: str
    tail: str = "bushy"
    girth: float = 1.0
    legs: str = ""


_COATS = {
    "fox": _Coat("#ea7a2c", "#b9501a", "#fff4e6", "#4a2c22"),
    "wolf": _Coat("#8d98a3", "#5f6973", "#e8ecef", "#6b757e"),
    "bear": _Coat("#92604f", "#6b4438", "#b98a70", "#5e3b31", "none", girth=1.3),
    "polar-bear": _Coat("#f2f2ee", "#c9d0d6", "#ffffff", "#e2e5e6", "none", girth=1.36),
    "panda": _Coat("#f6f6f4", "#cfd3d6", "#ffffff", "#26262b", "none", girth=1.36, legs="#3a3a40"),
    "koala": _Coat("#9aa3aa", "#707a82", "#e4e8ea", "#7d878f", "none", girth=1.25),
    "lion": _Coat("#d6a468", "#a8783f", "#f2ddb4", "#c8975a", "tuft", girth=1.18),
    "raccoon": _Coat("#8e8f93", "#5d5e63", "#c9cacc", "#3c3c40"),
    "hamster": _Coat("#e8a662", "#bd7d40", "#fff3e2", "#f1c7a0", "none"),
    "tiger-face": _Coat("#f2a03c", "#c0741e", "#fff2dc", "#e0902c", "tuft"),
    "frog": _Coat("#5fae4a", "#3f8433", "#d4ecb4", "#4b983c", "none"),
    "dog-face": _Coat("#d99a5c", "#a8703a", "#fff1de", "#c88748", "tuft"),
    "boar": _Coat("#8a6248", "#60412e", "#a78266", "#4a3226", "none", girth=1.3),
    "moose": _Coat("#8a6248", "#60412e", "#a78266", "#4a3226", "none", girth=1.2),
}

WHOLE = frozenset(_COATS)


def sitting(name: str, size: int) -> Image.Image:
    """The animal on its haunches, seen from the front, `size` pixels tall."""
    coat = _COATS[name]
    body = rasterise(_body(coat, size))
    head = _lion_head(round(size * 0.52)) if name == "lion" else picture(name, round(size * 0.52))
    canvas = Image.new("RGBA", (body.width, size + 2))
    canvas.alpha_composite(body, (0, 0))
    shadow = Image.new("RGBA", head.size, (30, 14, 8, 0))
    left, drop = max(0, round(body.width * 0.46 - head.width / 2)), round(size * 0.025)
    beneath = canvas.getchannel("A").crop((left, drop, left + head.width, drop + head.height))
    shade = head.getchannel("A").point(lambda v: int(v * 0.3))
    shadow.putalpha(ImageChops.multiply(shade, beneath))
    canvas.alpha_composite(shadow, (left, drop))
    canvas.alpha_composite(head, (left, 0))
    box = canvas.getchannel("A").getbbox()
    return canvas.crop(box) if box else canvas


_WHITENED = {
    "#feaf5f": "#fbf8ff",
    "#dd985b": "#ece6f6",
    "#e09a5c": "#ece6f6",
    "#c08358": "#dcd4ec",
    "#b3875d": "#e6e0f2",
    "#a87c5b": "#d9d2ea",
    "#a4785a": "#d9d2ea",
    "#a67255": "#cfc6e4",
    "#9f6c55": "#cfc6e4",
    "#946554": "#c4bcdc",
    "#916656": "#c4bcdc",
    "#895d52": "#b9aed4",
    "#865b52": "#e58ad2",
}
_HORN = (
    '<path d="M24 22 L13 -6 L33 17Z" fill="#f6c945"/>'
    '<path d="M17.5 5 L24 3.5 M20 12 L28 9" stroke="#c98f1e" stroke-width="2"/>'
)


_TAWNY = {"#fec000": "#dca968", "#ff8e06": "#b97f45"}


def unicorn(size: int) -> Image.Image:
    """The library's horse in white, with a horn: its own unicorn is only a head."""
    return _redrawn("horse", _WHITENED, "-4 -8 136 138", size, _HORN)


def _lion_head(size: int) -> Image.Image:
    """The library's in the colours of a lion rather than of a toy."""
    return _redrawn("lion", _TAWNY, "0 0 128 128", size)


def _redrawn(name: str, colours: dict[str, str], box: str, size: int, extra: str = "") -> Image.Image:
    """A drawing of the library in other colours, `size` pixels tall."""
    body = library()[name].body
    for old, new in colours.items():
        body = body.replace(old, new)
    _, _, width, height = (int(v) for v in box.split())
    drawn = rasterise(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{round(size * width / height)}" '
        f'height="{size}">{body}{extra}</svg>'
    )
    painted = drawn.getchannel("A").getbbox()
    return drawn.crop(painted) if painted else drawn


def _body(coat: _Coat, size: int) -> str:
    tails = {
        "bushy": (
            '<path d="M128 246 C190 250 214 206 196 160 C188 138 168 132 160 146 C176 176 166 214 122 222Z" '
            'fill="url(#b)"/>'
            '<path d="M196 160 C188 138 168 132 160 146 C166 158 168 168 167 180 C178 172 190 168 198 172Z" '
            f'fill="{coat.chest}"/>'
        ),
        "tuft": f'<path d="M130 246 C176 246 186 216 176 186" fill="none" stroke="{coat.shade}" stroke-width="9" '
        'stroke-linecap="round"/>'
        f'<ellipse cx="175" cy="180" rx="10" ry="15" fill="{coat.shade}"/>',
        "none": "",
    }
    legs, inner = coat.legs or coat.back, coat.legs or coat.shade
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 260" preserveAspectRatio="none" '
        f'width="{round(size * 210 / 260 * coat.girth)}" height="{size}"><defs>'
        f'<linearGradient id="b" x1="0" x2="1"><stop offset="0" stop-color="{coat.back}"/><stop '
        f'offset="1" stop-color="{coat.shade}"/></linearGradient>'
        f"</defs>{tails[coat.tail]}"
        f'<ellipse cx="60" cy="222" rx="34" ry="32" fill="{inner}"/><ellipse cx="134" cy="222" '
        f'rx="34" ry="32" fill="{inner}"/>'
        '<path d="M58 96 C42 150 38 200 50 246 L146 246 C158 200 152 150 138 96Z" fill="url(#b)"/>'
        '<path d="M72 108 C62 150 72 186 97 198 C122 186 132 150 122 108 L112 120 L104 108 L97 124 L90 '
        f'108 L82 120Z" fill="{coat.chest}"/>'
        f'<path d="M70 168 C60 200 64 232 62 250 Q80 262 96 250 C96 226 98 200 99 176Z" fill="{legs}"/>'
        f'<path d="M126 168 C136 200 132 232 134 250 Q116 262 100 250 C100 226 98 200 97 176Z" fill="{inner}"/>'
        f'<path d="M63 218 C70 212 88 212 96 220 C97 236 96 246 96 252 Q78 264 60 252 C62 240 62 228 63 218Z" '
        f'fill="{coat.paws}"/>'
        f'<path d="M133 218 C126 212 108 212 100 220 C99 236 100 246 100 252 Q118 264 136 252 '
        f'C134 240 134 228 133 218Z" fill="{coat.paws}"/>'
        f'<path d="M98 176 V250" stroke="{coat.shade}" stroke-width="2.5" opacity=".6"/></svg>'
    )
