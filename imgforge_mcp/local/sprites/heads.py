"""Heads of figures: a friendly face in a few strokes, hair of several cuts, and hats."""

from __future__ import annotations

from imgforge_mcp.local.scene import Colour
from imgforge_mcp.local.sprites.people import Look
from imgforge_mcp.local.vector import css


def head(look: Look, radius: float, middle: float) -> tuple[str, str]:
    """What lies behind the body, and what lies before it; the head's middle is at (80, middle)."""
    if look.hat == "helmet":
        return "", _HELMET
    hat = hat_of(look, round(radius), middle)
    place = f'<g transform="translate(80 {middle}) scale({radius})">'
    if look.hat == "helm":
        return "", f"{hat}{place}{_VISOR}</g>"
    face = _skull(look) + _face(look) + (_beard(look.beard) if look.beard else "")
    if look.hat in ("hood", "kabuto"):
        mask = _MASK.format(cloth=css(look.hat_colour)) if look.garment == "suit" else ""
        return "", f'{hat}{place}<g transform="translate(0 .08) scale(.9)">{face}{mask}</g></g>'
    hair = _tones(look)
    behind = place + _BEHIND.get(look.cut, "").format(**hair) + "</g>"
    cut = "short" if look.hat and look.cut in ("curls", "bun") else look.cut
    behind = "" if cut != look.cut else behind
    return behind, f"{place}{face}{_FRONT[cut].format(**hair)}</g>{hat}"


def shade(colour: Colour, factor: float) -> str:
    """The colour darker or lighter, for SVG."""
    return css([v * factor for v in colour])


def blend(first: Colour, second: Colour, share: float) -> str:
    """So much of the second colour in the first, for SVG."""
    return css([a + (b - a) * share for a, b in zip(first, second, strict=True)])


def _tones(look: Look) -> dict[str, str]:
    return {"hair": css(look.hair), "dark": shade(look.hair, 0.74), "light": blend(look.hair, (255, 244, 226), 0.2)}


def _skull(look: Look) -> str:
    """Ears and face, in units of the head's radius, wider and rounder for a child."""
    skin, dark = css(look.skin), shade(look.skin, 0.84)
    cheek, chin = (0.92, 0.98) if look.child else (0.84, 1.06)
    return (
        f'<ellipse cx="-{cheek}" cy=".16" rx=".15" ry=".2" fill="{dark}"/>'
        f'<ellipse cx="{cheek}" cy=".16" rx=".15" ry=".2" fill="{dark}"/>'
        f'<path d="M-{cheek} 0 C-{cheek} .62 -.46 {chin} 0 {chin} C.46 {chin} {cheek} .62 {cheek} 0 '
        f'C{cheek} -1.26 -{cheek} -1.26 -{cheek} 0Z" fill="{skin}"/>'
    )


def _face(look: Look) -> str:
    """Eyes, brows, nose, mouth and cheeks."""
    line, brow = shade(look.skin, 0.3), blend(look.hair, (40, 26, 22), 0.45)
    lip = blend(look.skin, (176, 44, 58), 0.62)
    blush = blend(look.skin, (232, 92, 88), 0.55)
    eye, spread = (0.145, 0.4) if look.child else (0.11, 0.36)
    lashes = (
        f'<path d="M-{spread + 0.13} .1 l-.1 -.06 M{spread + 0.13} .1 l.1 -.06" stroke="{line}" stroke-width=".055"/>'
        if look.feminine
        else ""
    )
    lines = (
        f'<path d="M-.62 .36 q.1 .1 .26 .1 M.62 .36 q-.1 .1 -.26 .1 M-.3 -.5 q.3 -.08 .6 0" fill="none" '
        f'stroke="{shade(look.skin, 0.74)}" stroke-width=".04"/>'
        if look.aged
        else ""
    )
    glasses = (
        f'<g fill="none" stroke="#3a3436" stroke-width=".06"><circle cx="-{spread}" cy=".14" r=".25"/>'
        f'<circle cx="{spread}" cy=".14" r=".25"/><path d="M-.12 .12 q.12 -.08 .24 0"/></g>'
        if look.glasses
        else ""
    )
    eyes = "".join(
        f'<ellipse cx="{x}" cy=".14" rx="{eye * 0.82:.3f}" ry="{eye:.3f}" fill="#2b2024"/>'
        f'<circle cx="{x - 0.035}" cy=".09" r="{eye * 0.3:.3f}" fill="#fff"/>'
        for x in (-spread, spread)
    )
    return (
        f'<g stroke-linecap="round"><ellipse cx="-.52" cy=".46" rx=".2" ry=".14" fill="{blush}" opacity=".55"/>'
        f'<ellipse cx=".52" cy=".46" rx=".2" ry=".14" fill="{blush}" opacity=".55"/>{eyes}{lashes}{lines}'
        f'<path d="M-{spread + 0.14} -.12 q.13 -.1 .28 -.03 M{spread + 0.14} -.12 q-.13 -.1 -.28 -.03" '
        f'fill="none" stroke="{brow}" stroke-width="{0.06 if look.feminine or look.child else 0.09}"/>'
        f'<path d="M-.01 .24 q.09 .14 -.04 .17" fill="none" stroke="{shade(look.skin, 0.68)}" stroke-width=".06"/>'
        f'<path d="M-.22 .6 q.22 .2 .44 0" fill="none" stroke="{lip}" stroke-width=".075"/>{glasses}</g>'
    )


def _beard(colour: Colour) -> str:
    return (
        f'<path d="M-.84 .1 C-.9 .9 -.5 1.5 0 1.56 C.5 1.5 .9 .9 .84 .1 C.74 .46 .5 .5 .24 .46 Q0 .36 -.24 .46 '
        f'C-.5 .5 -.74 .46 -.84 .1Z" fill="{css(colour)}"/><path d="M-.2 .64 Q0 .8 .2 .64 Q0 .58 -.2 .64Z" '
        f'fill="#a8504c"/><path d="M-.4 .9 Q-.3 1.16 -.2 1.3 M.4 .9 Q.3 1.16 .2 1.3 M0 1 V1.36" fill="none" '
        f'stroke="{shade(colour, 0.82)}" stroke-width=".05" stroke-linecap="round"/>'
    )


_SWEPT = (
    '<path d="M-.9 .16 C-1.14 -.7 -.66 -1.28 .04 -1.24 C.8 -1.28 1.12 -.66 .9 .16 C.88 -.16 .76 -.4 .5 -.56 '
    'C.14 -.42 -.36 -.44 -.56 -.66 C-.72 -.4 -.86 -.16 -.9 .16Z" fill="{hair}"/>'
    '<path d="M-.5 -.72 C-.36 -1 -.04 -1.1 .3 -1.04" fill="none" stroke="{light}" stroke-width=".09" '
    'stroke-linecap="round"/>'
)
_PARTED = (
    '<path d="M.12 -1.22 C-.78 -1.3 -1.12 -.6 -.98 .1 C-.96 .36 -.98 .56 -1.02 .76 C-.8 .6 -.82 .2 -.74 -.04 '
    "C-.5 -.2 -.14 -.48 .1 -.86 C.22 -.5 .48 -.2 .76 -.06 C.82 .2 .8 .6 1.02 .76 C.98 .56 .96 .36 .98 .1 "
    'C1.1 -.6 .86 -1.24 .12 -1.22Z" fill="{hair}"/>'
    '<path d="M-.76 -.5 C-.6 -.86 -.36 -1.02 -.04 -1.08 M.36 -1.04 C.6 -.94 .74 -.74 .8 -.5" fill="none" '
    'stroke="{light}" stroke-width=".08" stroke-linecap="round"/>'
)
_FRINGED = (
    '<path d="M-.96 .3 C-1.18 -.7 -.7 -1.28 0 -1.26 C.7 -1.28 1.18 -.7 .96 .3 C.92 .04 .88 -.12 .8 -.3 '
    'Q.4 -.16 0 -.28 Q-.4 -.16 -.8 -.3 C-.88 -.12 -.92 .04 -.96 .3Z" fill="{hair}"/>'
    '<path d="M-.6 -.78 C-.4 -1 -.1 -1.08 .24 -1.04" fill="none" stroke="{light}" stroke-width=".1" '
    'stroke-linecap="round"/>'
)
_CURLS = "".join(
    f'<circle cx="{x}" cy="{y}" r="{r}"/>'
    for x, y, r in (
        *((-0.86, -0.3, 0.36), (-0.7, -0.76, 0.4), (-0.26, -1.06, 0.42), (0.26, -1.06, 0.42), (0.7, -0.76, 0.4)),
        (0.86, -0.3, 0.36),
    )
)
_FRONT = {
    "short": _SWEPT,
    "fringe": _FRINGED,
    "curls": f'<g fill="{{hair}}">{_CURLS}<circle cx="-.5" cy="-.66" r=".3"/><circle cx="0" cy="-.76" r=".32"/>'
    '<circle cx=".5" cy="-.66" r=".3"/></g>',
    "long": _PARTED,
    "bob": _FRINGED,
    "bun": _PARTED,
    "tails": _PARTED,
    "bald": '<path d="M-.88 .2 C-1.04 -.1 -.98 -.4 -.8 -.56 C-.84 -.3 -.82 0 -.82 .2Z M.88 .2 C1.04 -.1 .98 -.4 .8 '
    '-.56 C.84 -.3 .82 0 .82 .2Z" fill="{hair}"/>',
}
_BEHIND = {
    "curls": '<circle cx="0" cy="-.34" r="1.14" fill="{dark}"/>',
    "long": '<path d="M0 -1.24 C-1.1 -1.24 -1.2 -.3 -1.12 .5 C-1.16 1.3 -1.44 1.6 -1.3 2.3 Q-.9 2.6 0 2.56 '
    'Q.9 2.6 1.3 2.3 C1.44 1.6 1.16 1.3 1.12 .5 C1.2 -.3 1.1 -1.24 0 -1.24Z" fill="{dark}"/>',
    "bob": '<path d="M0 -1.24 C-1.2 -1.24 -1.2 -.2 -1.16 .5 Q-1.2 1 -1.08 1.1 Q0 1.3 1.08 1.1 Q1.2 1 1.16 .5 '
    'C1.2 -.2 1.2 -1.24 0 -1.24Z" fill="{dark}"/>',
    "bun": '<circle cx=".1" cy="-1.34" r=".42" fill="{dark}"/>',
    "tails": '<path d="M-.86 -.1 C-1.5 -.1 -1.76 .5 -1.56 1.5 C-1.2 1.3 -.9 .9 -.86 -.1Z M.86 -.1 C1.5 -.1 1.76 .5 '
    '1.56 1.5 C1.2 1.3 .9 .9 .86 -.1Z" fill="{dark}"/>',
}
_VISOR = (
    '<path d="M-.8 -.06 H.8 L.7 .16 H.12 L.08 .84 H-.08 L-.12 .16 H-.7Z" fill="#20242c"/><path d="M-.06 -1.3 '
    'C-.5 -1.9 .3 -2.2 .9 -1.7 C.5 -1.7 .2 -1.6 .06 -1.3Z" fill="#c23038"/>'
)
_MASK = '<path d="M-.9 .3 Q0 .52 .9 .3 C.86 .8 .5 1.1 0 1.1 C-.5 1.1 -.86 .8 -.9 .3Z" fill="{cloth}"/>'
_HELMET = (
    '<circle cx="80" cy="66" r="37" fill="#f0f2f6"/><path d="M50 60 Q80 38 110 60 Q112 88 80 92 Q48 88 50 60Z" '
    'fill="#1d2b45"/><path d="M56 62 Q74 46 92 52 Q70 56 60 78Z" fill="#6f97c9" opacity=".8"/>'
    '<rect x="60" y="94" width="40" height="9" rx="4" fill="#aeb6c0"/>'
)


def hat_of(look: Look, radius: int, middle: float) -> str:
    """What is on the head, if anything."""
    colour, dark = css(look.hat_colour), css([v * 0.7 for v in look.hat_colour])
    brow = middle - radius * 0.35
    shapes = {
        "pointed": (
            f'<path d="M56 {brow} Q76 {brow - 30} 92 {brow - 76} Q94 {brow - 30} 104 {brow}Z" '
            f'fill="{colour}"/><ellipse cx="80" cy="{brow}" rx="46" ry="9" fill="{dark}"/>'
        ),
        "brim": (
            f'<path d="M60 {brow - 5} Q62 {brow - 36} 80 {brow - 34} Q98 {brow - 36} 100 {brow - 5}Z" '
            f'fill="{colour}"/><ellipse cx="80" cy="{brow - 3}" rx="46" ry="8" fill="{colour}"/><path d="M60 '
            f'{brow - 8} Q80 {brow - 2} 100 {brow - 8} V{brow - 15} Q80 {brow - 10} 60 {brow - 15}Z" fill="{dark}"/>'
        ),
        "crown": (
            f'<path d="M60 {brow} L56 {brow - 28} L69 {brow - 14} L80 {brow - 32} L91 {brow - 14} L104 '
            f'{brow - 28} L100 {brow}Z" fill="{colour}"/><rect x="60" y="{brow - 4}" width="40" height="7" '
            f'fill="{dark}"/>'
        ),
        "hood": (
            f'<path d="M{80 - radius - 6} {middle + radius} Q{80 - radius - 10} {middle - radius - 12} 80 '
            f"{middle - radius - 12} Q{80 + radius + 10} {middle - radius - 12} {80 + radius + 6} "
            f'{middle + radius} Q80 {middle + radius + 14} {80 - radius - 6} {middle + radius}Z" '
            f'fill="{colour}"/>'
        ),
        "helm": (
            f'<path d="M{80 - radius - 2} {middle + radius * 0.4} Q{80 - radius - 4} {middle - radius - 8} 80 '
            f"{middle - radius - 8} Q{80 + radius + 4} {middle - radius - 8} {80 + radius + 2} "
            f'{middle + radius * 0.4} L{80 + radius - 2} {middle + radius} H{80 - radius + 2}Z" '
            f'fill="{colour}"/><path d="M80 {middle - radius - 8} V{middle + radius}" stroke="{dark}" '
            'stroke-width="4"/>'
        ),
        "horned": (
            f'<path d="M{78 - radius} {brow - 2} q-26 -6 -22 -34 q8 18 28 18Z M{82 + radius} {brow - 2} q26 -6 22 -34 '
            f'q-8 18 -28 18Z" fill="#efe4cc"/><path d="M{79 - radius} {brow + 4} Q{78 - radius} {brow - 30} 80 '
            f'{brow - 30} Q{82 + radius} {brow - 30} {81 + radius} {brow + 4}Z" fill="{colour}"/><rect '
            f'x="{78 - radius}" y="{brow - 3}" width="{2 * radius + 4}" height="8" rx="3" fill="{dark}"/>'
        ),
        "kabuto": (
            f'<path d="M{80 - radius - 12} {middle + radius} Q{80 - radius} {middle - radius - 10} 80 '
            f"{middle - radius - 10} Q{80 + radius} {middle - radius - 10} {80 + radius + 12} "
            f'{middle + radius}Z" fill="{colour}"/><path d="M62 {middle - radius - 4} Q50 '
            f"{middle - radius - 30} 58 {middle - radius - 40} M98 {middle - radius - 4} Q110 "
            f'{middle - radius - 30} 102 {middle - radius - 40}" stroke="#d8b04a" stroke-width="5" '
            'fill="none"/>'
        ),
        "tricorn": (
            f'<path d="M40 {brow} Q60 {brow - 34} 80 {brow - 26} Q100 {brow - 34} 120 {brow} Q80 {brow + 12} '
            f'40 {brow}Z" fill="{colour}"/>'
        ),
        "toque": (
            f'<path d="M62 {brow + 4} V{brow - 16} Q50 {brow - 46} 80 {brow - 48} Q110 {brow - 46} 98 '
            f'{brow - 16} V{brow + 4}Z" fill="{colour}"/>'
        ),
        "cap": (
            f'<path d="M{80 - radius} {brow + 4} Q{80 - radius} {brow - 26} 80 {brow - 26} Q{80 + radius} '
            f'{brow - 26} {80 + radius} {brow + 4}Z" fill="{colour}"/><rect x="{80 - radius}" y="{brow}" '
            f'width="{2 * radius}" height="7" fill="{dark}"/>'
        ),
        "bearskin": (
            f'<path d="M{80 - radius - 3} {middle + radius * 0.5} Q{80 - radius - 8} {middle - radius * 2.6} 80 '
            f"{middle - radius * 2.7} Q{80 + radius + 8} {middle - radius * 2.6} {80 + radius + 3} "
            f'{middle + radius * 0.5}Z" fill="{colour}"/>'
        ),
        "halo": (
            f'<ellipse cx="80" cy="{middle - radius * 1.6}" rx="{radius * 0.95}" ry="{radius * 0.28}" fill="none" '
            f'stroke="{colour}" stroke-width="6"/>'
        ),
        "santa": (
            f'<path d="M{80 - radius} {brow + 2} Q76 {brow - 46} 112 {brow - 26} Q104 {brow - 16} '
            f'{80 + radius} {brow + 2}Z" fill="{colour}"/><rect x="{78 - radius}" y="{brow - 2}" '
            f'width="{2 * radius + 4}" height="10" rx="5" fill="#f6f6f4"/><circle cx="112" cy="{brow - 24}" '
            'r="8" fill="#f6f6f4"/>'
        ),
    }
    return shapes.get(look.hat, "")
