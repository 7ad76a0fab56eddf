"""Whole people, seen from the front: dressed for their role, standing, holding, walking, reading or sitting."""

from __future__ import annotations

from PIL import Image

from imgforge_mcp.local.sprites.heads import head, shade
from imgforge_mcp.local.sprites.library import rasterise
from imgforge_mcp.local.sprites.people import Look
from imgforge_mcp.local.vector import css

TALL = 330
POSES = ("holding", "walking", "reading", "sitting", "riding", "kicking", "jumping", "hip", "waving")
_CHILD = 0.78
# where a hand is that holds something up: right of the middle and above the ground, as parts of the figure's size
_HAND = (134 - 80, 320 - 132)


def hand_of(child: bool) -> tuple[float, float]:
    """How far right and how high the lifted hand is, as parts of the figure's size."""
    scale = (_CHILD if child else 1) / TALL
    return _HAND[0] * scale, _HAND[1] * scale + 10 / TALL


def figure(look: Look, size: int, pose: str = "") -> Image.Image:
    """The figure `size` pixels tall, cut so that its middle stays the picture's middle.

    `pose` is one of `POSES`, or nothing for standing with both arms down."""
    drawn = rasterise(_svg(look, size, pose))
    box = drawn.getchannel("A").getbbox()
    if not box:
        return drawn
    reach = max(drawn.width / 2 - box[0], box[2] - drawn.width / 2)
    left = max(0, round(drawn.width / 2 - reach))
    return drawn.crop((left, box[1], drawn.width - left, box[3]))


def _svg(look: Look, size: int, pose: str) -> str:
    tool = _TOOLS.get(look.tool, "") if pose in ("", "hip", "waving") else ""
    pose = "holding" if tool else pose
    radius = 32.0 if look.child else 27.0
    middle = 96 - radius * 1.06
    behind, before = head(look, radius, middle)
    parts = [
        behind if not look.cape else "",
        _cape(look),
        _WINGS if look.wings else "",
        behind if look.cape else "",
        _legs(look, pose),
        tool,
        _arm(look, pose, left=True) if pose != "reading" else "",
        _trunk(look),
        _arm(look, pose, left=False) if pose != "reading" else "",
        _dressed(look),
        _neck(look),
        before,
        _scarf(look),
        _arm(look, pose, left=True) + _arm(look, pose, left=False) if pose == "reading" else "",
    ]
    scale = _CHILD if look.child else 1.0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-30 0 220 {TALL}" '
        f'width="{max(4, round(size * 220 / TALL))}" height="{size}"><defs>'
        f'<linearGradient id="t" x1="0" x2="1"><stop offset="0" stop-color="{css(look.top)}"/><stop offset="1" '
        f'stop-color="{shade(look.top, 0.8)}"/></linearGradient></defs>'
        f'<g transform="translate({80 * (1 - scale):.1f} {TALL * (1 - scale):.1f}) scale({scale})" '
        f'stroke-linejoin="round" stroke-linecap="round">{"".join(parts)}</g></svg>'
    )


def _legs(look: Look, pose: str) -> str:
    """Both legs with their shoes; bare under a dress."""
    bare = look.garment == "dress" and look.legs == Look().legs
    cloth = css(look.skin) if bare else css(look.legs)
    dark = shade(look.skin, 0.84) if bare else shade(look.legs, 0.8)
    shoe = shade(look.top, 0.5) if bare else "#9aa2ad" if look.garment == "space" else "#3a2f2e"
    wide = 11 if bare else 22 if look.garment == "space" else 18
    legs = {
        "hip": ("M71 188 Q67 246 68 306", "M89 188 Q102 246 102 306"),
        "sitting": ("M70 190 Q60 206 66 226 L65 284", "M90 190 Q100 206 94 226 L96 284"),
        "riding": ("M68 186 Q44 200 44 236 L46 282", "M92 186 Q116 200 116 236 L114 282"),
        "kicking": ("M72 188 Q62 240 60 306", "M88 188 Q112 226 120 244 Q132 268 148 276"),
        "jumping": ("M72 188 Q46 222 50 240 Q40 256 32 270", "M88 188 Q116 216 114 238 Q126 252 128 268"),
        "walking": ("M72 188 Q66 240 56 304", "M88 188 Q100 236 92 262 Q96 280 108 300"),
    }.get(pose, ("M71 188 Q66 246 66 306", "M89 188 Q97 246 96 306"))
    feet = {
        "hip": (66, 104, 310),
        "sitting": (64, 97, 288),
        "riding": (46, 114, 288),
        "walking": (52, 112, 308),
        "kicking": (56, 150, 310),
        "jumping": (30, 130, 276),
    }.get(pose, (64, 97, 310))
    left, right, ground = feet
    heels = (ground, ground - 30 if pose == "kicking" else ground)
    shoes = "".join(
        f'<path d="M{x - 9} {y - 8} h18 q5 8 4 18 h-26 q-1 -10 4 -18Z" fill="{shoe}"/>'
        f'<path d="M{x - 13} {y + 10} h26" stroke="#000" stroke-opacity=".28" stroke-width="3"/>'
        for x, y in zip((left, right), heels, strict=True)
    )
    seat = (
        f'<path d="M58 184 Q80 178 102 184 L106 224 Q94 232 82 224 H78 Q66 232 54 224Z" fill="{css(look.legs)}"/>'
        if pose == "sitting" and look.garment not in ("dress", "robe")
        else ""
    )
    return (
        f'<path d="{legs[0]}" fill="none" stroke="{cloth}" stroke-width="{wide}"/>'
        f'<path d="{legs[1]}" fill="none" stroke="{dark}" stroke-width="{wide}"/>{seat}{shoes}'
    )


def _trunk(look: Look) -> str:
    """The garment itself."""
    dark = shade(look.top, 0.66)
    if look.garment in ("dress", "robe"):
        hem, flare = (252, 40) if look.garment == "dress" else (304, 38)
        return (
            f'<path d="M70 96 C62 98 57 102 56 110 L62 150 C60 190 {80 - flare + 6} 220 {80 - flare} {hem} '
            f"Q{80 - flare / 2} {hem + 9} 80 {hem + 3} T{80 + flare} {hem} C{80 + flare - 6} 220 100 190 98 150 "
            f'L104 110 C103 102 98 98 90 96 Q80 104 70 96Z" fill="url(#t)"/>'
            f'<path d="M68 168 Q62 212 56 {hem - 4} M82 170 Q82 220 80 {hem - 2} M94 168 Q99 210 106 {hem - 6}" '
            f'stroke="{dark}" stroke-width="2" fill="none" opacity=".45"/>'
            f'<path d="M62 150 Q80 158 98 150" stroke="{dark}" stroke-width="6" fill="none"/>'
        )
    hem = 206 if look.garment == "coat" and look.detail == "labcoat" else 194
    wide = 4 if look.garment == "space" else 0
    return (
        f'<path d="M70 95 C61 97 {56 - wide} 101 {55 - wide} 110 L{60 - wide} 152 C{59 - wide} 166 58 180 '
        f"{57 - wide} {hem} Q80 {hem + 6} {103 + wide} {hem} C102 180 {101 + wide} 166 {100 + wide} 152 "
        f'L{105 + wide} 110 C{104 + wide} 101 99 97 90 95 Q80 103 70 95Z" fill="url(#t)"/>'
    )


def _dressed(look: Look) -> str:
    """What tells the role: buttons, a bib, a tie, plates, a badge."""
    dark, light = shade(look.top, 0.7), shade(look.top, 1.14)
    return {
        "": f'<path d="M71 96 Q80 106 89 96" stroke="{dark}" stroke-width="3.5" fill="none"/>'
        + (
            f'<path d="M57 188 Q80 194 103 188" stroke="{dark}" stroke-width="3" fill="none" opacity=".6"/>'
            if look.garment == "coat"
            else ""
        ),
        "dungarees": f'<path d="M66 136 H94 L96 150 Q101 168 103 197 Q80 203 57 197 Q59 168 64 150Z" '
        f'fill="{css(look.legs)}"/><path d="M67 138 L64 100 M93 138 L96 100" stroke="{css(look.legs)}" '
        f'stroke-width="6"/><rect x="72" y="144" width="16" height="12" rx="2" fill="{shade(look.legs, 0.8)}"/>'
        '<circle cx="67" cy="138" r="2.6" fill="#e8c060"/><circle cx="93" cy="138" r="2.6" fill="#e8c060"/>',
        "labcoat": f'<path d="M70 95 L80 140 L90 95 Q80 103 70 95Z" fill="{css(look.legs)}"/>'
        f'<path d="M80 138 V208" stroke="{dark}" stroke-width="2"/><path d="M70 95 L66 122 L80 140 L94 122 L90 95" '
        f'fill="none" stroke="{dark}" stroke-width="2.5"/><path d="M69 97 Q66 130 76 142 M91 97 Q96 122 92 132" '
        'fill="none" stroke="#39424c" stroke-width="3"/><circle cx="92" cy="136" r="4.5" fill="#8d99a6"/>'
        f'<path d="M62 170 h12 M86 170 h12" stroke="{dark}" stroke-width="2.5"/>',
        "buttons": f'<path d="M66 97 Q80 112 94 97 L80 122Z" fill="#d23b3b"/><g fill="{dark}">'
        '<circle cx="72" cy="132" r="2.6"/><circle cx="88" cy="132" r="2.6"/><circle cx="72" cy="150" r="2.6"/>'
        '<circle cx="88" cy="150" r="2.6"/><circle cx="72" cy="168" r="2.6"/><circle cx="88" cy="168" r="2.6"/></g>',
        "tie": '<path d="M70 95 L80 142 L90 95 Q80 103 70 95Z" fill="#f4f4f2"/>'
        '<path d="M77 102 h6 l3 28 -6 10 -6 -10Z" fill="#b0393f"/>'
        f'<path d="M70 95 L64 118 L80 146 L96 118 L90 95" fill="none" stroke="{light}" stroke-width="3"/>'
        f'<path d="M80 146 V194" stroke="{dark}" stroke-width="2"/>',
        "emblem": '<path d="M80 112 L94 120 L80 140 L66 120Z" fill="#f2c230"/><path d="M58 184 Q80 190 102 184" '
        'stroke="#f2c230" stroke-width="6" fill="none"/>',
        "plates": f'<path d="M58 122 Q80 136 102 122 M60 146 Q80 156 100 146 M80 104 V190" stroke="{dark}" '
        f'stroke-width="2.5" fill="none"/><path d="M50 104 Q58 92 70 97 L66 116 Q56 118 50 104Z M110 104 Q102 92 90 97 '
        f'L94 116 Q104 118 110 104Z" fill="{light}"/>',
        "pack": '<rect x="64" y="112" width="32" height="26" rx="5" fill="#c3c9d2"/><circle cx="73" cy="122" r="4" '
        'fill="#d2533f"/><circle cx="86" cy="122" r="4" fill="#4b86c6"/><rect x="69" y="130" width="22" height="4" '
        'rx="2" fill="#7d8794"/>',
        "belt": f'<path d="M58 176 Q80 183 102 176" stroke="#2f2622" stroke-width="9" fill="none"/>'
        '<rect x="73" y="174" width="14" height="11" rx="2" fill="#e2b648"/>'
        f'<path d="M80 100 V172" stroke="{light}" stroke-width="5"/>',
    }[look.detail]


def _neck(look: Look) -> str:
    skin = shade(look.skin, 0.86)
    if look.garment == "space":
        return ""
    return f'<path d="M73 84 L73 96 Q80 104 87 96 L87 84Z" fill="{skin}"/>'


def _arm(look: Look, pose: str, *, left: bool) -> str:
    """A sleeve in two tones and a hand."""
    hand = css(look.skin) if look.garment not in ("space",) else "#c8ced6"
    wide = 22 if look.garment == "space" else 19 if look.garment == "robe" else 15
    path, (x, y) = {
        ("holding", False): ("M102 109 Q112 136 117 142 Q126 142 131 136", (134, 131)),
        ("kicking", False): ("M102 109 Q120 128 128 138 L142 128", (148, 124)),
        ("kicking", True): ("M58 109 Q40 128 34 142 L22 154", (17, 159)),
        ("jumping", False): ("M102 109 Q120 116 130 104 L140 82", (143, 75)),
        ("jumping", True): ("M58 109 Q40 116 30 104 L20 82", (17, 75)),
        ("hip", False): ("M102 109 Q124 136 120 150 L104 170", (101, 173)),
        ("waving", False): ("M102 109 Q118 124 124 110 L130 84", (132, 77)),
        ("reading", False): ("M102 110 Q114 138 110 150 L94 154", (90, 154)),
        ("reading", True): ("M58 110 Q46 138 50 150 L66 154", (70, 154)),
        ("walking", False): ("M102 109 Q110 134 120 152 L126 166", (128, 172)),
        ("walking", True): ("M58 109 Q48 130 44 150 L50 168", (52, 175)),
        ("sitting", False): ("M102 109 Q112 140 108 160 L94 186", (92, 190)),
        ("sitting", True): ("M58 109 Q48 140 52 160 L66 186", (68, 190)),
        ("riding", False): ("M102 109 Q110 136 106 150 L92 164", (88, 166)),
        ("riding", True): ("M58 109 Q50 136 54 150 L68 164", (72, 166)),
    }.get((pose, left), ("M58 109 Q48 140 50 174", (50, 183)) if left else ("M102 109 Q113 140 110 174", (110, 183)))
    sleeve = shade(look.top, 0.96 if left else 0.84)
    short = look.garment == "dress" or (look.child and look.garment == "coat")
    skin = css(look.skin) if left else shade(look.skin, 0.92)
    lower = (
        f'<path d="{path}" fill="none" stroke="{skin}" stroke-width="11"/><path d="{_upper(path)}" fill="none" '
        f'stroke="{sleeve}" stroke-width="{wide + 1}"/>'
        if short
        else f'<path d="{path}" fill="none" stroke="{sleeve}" stroke-width="{wide}"/>'
    )
    fist = f'<circle cx="{x}" cy="{y}" r="7.2" fill="{hand}"/>'
    return lower + fist if pose in ("reading", "riding") else fist + lower


def _upper(path: str) -> str:
    """The first part of an arm: from the shoulder half-way to the bend."""
    start, _, rest = path[1:].partition(" Q")
    x0, y0 = (float(v) for v in start.split())
    x1, y1 = (float(v) for v in rest.split()[:2])
    return f"M{x0} {y0} L{(x0 + x1) / 2:.1f} {(y0 + y1) / 2:.1f}"


def _cape(look: Look) -> str:
    if not look.cape:
        return ""
    return (
        '<path d="M60 98 C40 150 30 214 26 272 Q54 284 80 274 Q106 284 134 272 C130 214 120 150 100 98Z" '
        f'fill="{css(look.cape)}"/><path d="M56 130 Q44 200 42 268 M104 130 Q116 200 118 268" '
        f'stroke="{shade(look.cape, 0.7)}" stroke-width="4" fill="none" opacity=".6"/>'
    )


def _scarf(look: Look) -> str:
    if not look.scarf:
        return ""
    return (
        f'<path d="M60 90 Q80 108 100 90 L103 103 Q80 120 57 103Z" fill="{css(look.scarf)}"/><path d="M90 104 L100 '
        f'160 L86 163 L80 108Z" fill="{shade(look.scarf, 0.85)}"/>'
    )


# what is held upright in the lifted hand, at (134, 131)
_TOOLS = {
    "sword": '<path d="M130 126 L130 34 L134 22 L138 34 L138 126Z" fill="#dfe6ee"/><path d="M134 24 V126" '
    'stroke="#a9b4c2" stroke-width="2"/><rect x="120" y="122" width="28" height="6" rx="3" fill="#c79a3c"/>'
    '<rect x="131" y="126" width="6" height="22" rx="3" fill="#5b3a25"/><circle cx="134" cy="150" r="4.5" '
    'fill="#c79a3c"/>',
    "staff": '<path d="M134 318 L134 60" stroke="#6b4a2f" stroke-width="7"/><circle cx="134" cy="50" r="12" '
    'fill="#7fd0f0"/><circle cx="130" cy="46" r="4" fill="#e8fbff"/>',
    "fork": '<path d="M134 318 L134 70" stroke="#9a6b3e" stroke-width="6"/><path d="M122 38 V62 Q122 72 134 72 Q146 72 '
    '146 62 V38 M134 36 V72" stroke="#8b939c" stroke-width="4" fill="none"/>',
    "ladle": '<path d="M134 150 L134 92" stroke="#b98a54" stroke-width="6"/><ellipse cx="134" cy="82" rx="11" ry="14" '
    'fill="#c79a62"/><ellipse cx="133" cy="80" rx="6" ry="9" fill="#a87a45"/>',
}
_WINGS = (
    '<path d="M76 116 C50 84 14 74 4 92 C8 112 16 122 12 138 C22 150 26 160 24 176 C40 190 66 168 78 140Z" '
    'fill="#fdfdfb" stroke="#c9ccd6" stroke-width="2"/><path d="M84 116 C110 84 146 74 156 92 C152 112 144 122 148 '
    '138 C138 150 134 160 136 176 C120 190 94 168 82 140Z" fill="#fdfdfb" stroke="#c9ccd6" stroke-width="2"/>'
    '<path d="M14 112 Q40 112 70 130 M22 144 Q44 140 72 138 M146 112 Q120 112 90 130 M138 144 Q116 140 88 138" '
    'stroke="#c9ccd6" stroke-width="2.5" fill="none"/>'
)
