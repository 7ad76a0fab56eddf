"""A portrait bust in the manner of a calm flat illustration: lowered eyes, soft shade, hair and dress as asked."""

from __future__ import annotations

from PIL import Image

from imgforge_mcp.local.sprites.heads import hat_of
from imgforge_mcp.local.sprites.library import rasterise
from imgforge_mcp.local.sprites.people import Look
from imgforge_mcp.local.vector import css


def bust(look: Look, size: int) -> Image.Image:
    """Head and shoulders, `size` pixels wide."""
    masculine = not look.feminine
    parts = [_back_hair(look), _neck(look), _shoulders(look), _face(look, masculine), _features(look, masculine)]
    if look.beard:
        parts.append(_beard(look))
    parts.append(_front_hair(look, masculine))
    if look.hat not in ("", "hood", "helm", "helmet", "kabuto"):
        parts.append(f'<g transform="translate(-40 -44) scale(3)">{hat_of(look, 24, 70)}</g>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -90 400 560" width="{size}" '
        f'height="{round(size * 560 / 400)}"><defs>'
        f'<linearGradient id="s" x1="0" x2="1"><stop offset="0" stop-color="{css(look.skin)}"/><stop '
        f'offset=".55" stop-color="{css(look.skin)}"/><stop offset="1" '
        f'stop-color="{_shade(look.skin, 0.8)}"/></linearGradient>'
        f'<linearGradient id="h" x1="0" x2="1"><stop offset="0" stop-color="{_shade(look.hair, 1.14)}"/>'
        f'<stop offset="1" stop-color="{_shade(look.hair, 0.72)}"/></linearGradient>'
        f'<linearGradient id="c" x1="0" x2="1"><stop offset="0" stop-color="{_shade(look.top, 1.06)}"/>'
        f'<stop offset="1" stop-color="{_shade(look.top, 0.7)}"/></linearGradient>'
        f'<radialGradient id="bl"><stop offset="0" stop-color="{_mixed(look.skin, (226, 96, 92), 0.4)}" '
        'stop-opacity=".6"/>'
        f'<stop offset="1" stop-color="{css(look.skin)}" stop-opacity="0"/></radialGradient>'
        f"</defs>{''.join(parts)}</svg>"
    )
    drawn = rasterise(svg)
    box = drawn.getchannel("A").getbbox()
    return drawn.crop(box) if box else drawn


def _shade(colour: tuple[int, int, int], factor: float) -> str:
    return css([v * factor for v in colour])


def _back_hair(look: Look) -> str:
    if not look.long_hair:
        return ""
    if look.cut == "bun":
        return f'<circle cx="206" cy="78" r="40" fill="{_shade(look.hair, 0.84)}"/>'
    if look.cut == "bob":
        return (
            '<path d="M116 196 C100 76 300 76 284 196 C292 240 300 286 288 322 Q244 346 200 330 Q156 346 112 322 C100 '
            '286 108 240 116 196Z" fill="url(#h)"/>'
        )
    return (
        '<path d="M118 196 C104 78 296 78 282 196 C290 262 318 312 296 392 C286 424 252 420 240 396 L160 '
        '396 C148 420 114 424 104 392 C82 312 110 262 118 196Z" fill="url(#h)"/>'
        '<path d="M124 250 C112 310 108 350 122 400 M276 250 C290 310 292 350 280 400" '
        f'stroke="{_shade(look.hair, 0.62)}" stroke-width="4" fill="none" opacity=".5"/>'
    )


def _neck(look: Look) -> str:
    return (
        '<path d="M168 270 C172 320 168 340 140 356 L200 420 L260 356 C232 340 228 320 232 270Z" '
        f'fill="{_shade(look.skin, 0.9)}"/><path d="M170 286 C184 312 216 312 230 286 L229 312 C214 330 '
        f'186 330 171 312Z" fill="{_shade(look.skin, 0.72)}" opacity=".7"/>'
    )


def _shoulders(look: Look) -> str:
    collar = _shade(look.top, 0.62)
    neck = "M150 350 Q200 424 250 350" if look.garment == "dress" else "M158 346 L200 410 L242 346"
    scarf = ""
    if look.scarf:
        scarf = (
            f'<path d="M142 326 Q200 372 258 326 L268 362 Q200 412 132 362Z" fill="{css(look.scarf)}"/><path '
            f'd="M226 376 L250 470 L214 470 L208 386Z" fill="{_shade(look.scarf, 0.82)}"/>'
        )
    return (
        '<path d="M26 470 C30 396 92 376 150 350 Q200 424 250 350 C308 376 370 396 374 470Z" fill="url(#c)"/>'
        f'<path d="{neck}" fill="none" stroke="{collar}" stroke-width="7" opacity=".7"/>'
        f'<path d="M92 400 Q100 440 98 470 M308 400 Q300 440 302 470" stroke="{collar}" stroke-width="4" '
        f'fill="none" opacity=".45"/>{scarf}'
    )


_JAWS = (
    ("C264 262 236 312 200 314 C164 312 136 262 136 194", "C264 254 232 308 200 310 C168 308 136 254 136 194"),
    ("C266 270 250 318 200 320 C150 318 134 270 136 194", "C268 262 240 306 200 308 C160 306 132 262 136 194"),
    ("C262 250 244 322 200 324 C156 322 138 250 136 194", "C262 250 226 316 200 318 C174 316 138 250 136 194"),
)


def _face(look: Look, masculine: bool) -> str:
    """The head with its ears, in one of three shapes."""
    jaw = _JAWS[look.face][0 if masculine else 1]
    return (
        f'<ellipse cx="136" cy="216" rx="11" ry="19" fill="{_shade(look.skin, 0.92)}"/><ellipse cx="264" '
        f'cy="216" rx="11" ry="19" fill="{_shade(look.skin, 0.78)}"/>'
        f'<path d="M136 194 C136 108 264 108 264 194 {jaw}Z" fill="url(#s)"/>'
        f'<ellipse cx="164" cy="247" rx="24" ry="17" fill="url(#bl)"/><ellipse cx="236" '
        'cy="247" rx="24" ry="17" fill="url(#bl)"/>'
    )


def _mixed(first: tuple[int, int, int], second: tuple[int, int, int], share: float) -> str:
    return css([a + (b - a) * share for a, b in zip(first, second, strict=True)])


def _features(look: Look, masculine: bool) -> str:
    line = _shade(look.skin, 0.42)
    brow = _shade(look.hair, 0.7)
    lip = _mixed(look.skin, (186, 52, 64), 0.5 if not masculine else 0.22)
    weight = 6 if masculine else 4
    eyes = _open_eyes(look, line) if look.face or look.eyes else _lowered_eyes(look, line)
    lash = (
        ""
        if masculine
        else f'<path d="M148 217 l-7 3 M252 217 l7 3" stroke="{line}" stroke-width="3" stroke-linecap="round"/>'
    )
    return (
        f'<path d="M147 194 Q164 183 182 192 M253 194 Q236 183 218 192" stroke="{brow}" '
        f'stroke-width="{weight}" fill="none" stroke-linecap="round"/>'
        f"{eyes}{lash}"
        f'<path d="M203 206 C206 226 212 242 206 250 Q200 255 192 250" stroke="{_shade(look.skin, 0.66)}" '
        'stroke-width="3.4" fill="none" stroke-linecap="round"/>'
        f'<path d="M178 273 Q192 268 200 272 Q208 268 222 273 Q200 281 178 273Z" fill="{lip}"/><path '
        'd="M178 273 Q200 281 222 273 Q202 294 178 273Z" '
        f'fill="{_mixed(look.skin, (206, 84, 88), 0.5 if not masculine else 0.2)}"/>'
        f'<path d="M190 300 Q200 304 210 300" stroke="{_shade(look.skin, 0.8)}" stroke-width="2.5" fill="none"/>'
        f"{_years(look) if look.aged else ''}{_FRECKLES if look.face == 2 and not look.aged else ''}"
    )


_IRISES = ((92, 62, 40), (74, 112, 84), (70, 110, 156), (58, 42, 32))
_FRECKLES = (
    '<g fill="#8a4a2c" opacity=".4"><circle cx="156" cy="238" r="2"/><circle cx="166" cy="244" r="2.2"/><circle '
    'cx="176" cy="238" r="1.8"/><circle cx="224" cy="238" r="1.8"/><circle cx="234" cy="244" r="2.2"/><circle cx="244" '
    'cy="238" r="2"/><circle cx="192" cy="240" r="1.6"/><circle cx="208" cy="240" r="1.6"/></g>'
)


def _lowered_eyes(look: Look, line: str) -> str:
    return (
        f'<path d="M147 216 Q164 230 182 217 M253 216 Q236 230 218 217" stroke="{line}" '
        'stroke-width="4.4" fill="none" stroke-linecap="round"/>'
        '<path d="M147 213 Q164 203 182 214 M253 213 Q236 203 218 214" '
        f'stroke="{_shade(look.skin, 0.76)}" stroke-width="2" fill="none"/>'
    )


def _open_eyes(look: Look, line: str) -> str:
    """Eyes that look out of the picture, in the colour that was said or one that goes with the hair."""
    iris = look.eyes or _IRISES[(look.hair[0] + look.skin[1]) % len(_IRISES)]
    aside = 2 if look.face == 2 else 0
    each = "".join(
        f'<path d="M{x - 18} 217 Q{x} 199 {x + 18} 217 Q{x} 229 {x - 18} 217Z" fill="#fbf8f4"/>'
        f'<circle cx="{x + aside}" cy="214.5" r="8.6" fill="{css(iris)}"/>'
        f'<circle cx="{x + aside}" cy="214.5" r="4.2" fill="#1d1618"/>'
        f'<circle cx="{x + aside - 3}" cy="211" r="2.4" fill="#fff"/>'
        for x in (165, 235)
    )
    return (
        f'{each}<path d="M146 218 Q165 197 184 217 M254 218 Q235 197 216 217" stroke="{line}" stroke-width="4.4" '
        f'fill="none" stroke-linecap="round"/><path d="M150 221 Q165 230 180 221 M250 221 Q235 230 220 221" '
        f'stroke="{_shade(look.skin, 0.72)}" stroke-width="2" fill="none"/>'
        f'<path d="M173 271 q-3 2 -5 0 M227 271 q3 2 5 0" stroke="{line}" stroke-width="3" fill="none" '
        'stroke-linecap="round" opacity=".7"/>'
    )


def _years(look: Look) -> str:
    """Lines at the eyes, on the brow and beside the nose; glasses if the years ask for them."""
    glasses = (
        '<g fill="none" stroke="#4a4042" stroke-width="4"><circle cx="165" cy="216" r="27"/><circle cx="235" cy="216" '
        'r="27"/><path d="M192 214 Q200 208 208 214 M138 212 L128 208 M262 212 L272 208"/></g>'
        if look.glasses
        else ""
    )
    return (
        f'<g fill="none" stroke="{_shade(look.skin, 0.7)}" stroke-width="2.6" stroke-linecap="round" opacity=".8">'
        '<path d="M142 222 l-6 5 M142 227 l-4 7 M258 222 l6 5 M258 227 l4 7 M170 158 Q200 150 230 158 M176 170 Q200 '
        f'163 224 170 M178 250 Q168 262 168 274 M222 250 Q232 262 232 274"/></g>{glasses}'
    )


def _beard(look: Look) -> str:
    """Full, with a moustache over the lip and strands that run down."""
    strand = _shade(look.hair, 0.74)
    return (
        '<path d="M137 208 C136 300 166 340 200 342 C234 340 264 300 263 208 C259 240 247 268 227 274 C217 259 '
        '207 258 200 264 C193 258 183 259 173 274 C153 268 141 240 137 208Z" '
        f'fill="{_shade(look.hair, 0.92)}"/>'
        f'<path d="M183 281 Q200 274 217 281 Q200 292 183 281Z" fill="{_mixed(look.skin, (170, 70, 70), 0.4)}"/>'
        '<path d="M152 268 Q158 302 176 322 M172 296 Q180 318 190 332 M200 300 V336 M228 296 Q220 318 210 332 '
        f'M248 268 Q242 302 224 322" stroke="{strand}" stroke-width="3" fill="none" opacity=".55" '
        'stroke-linecap="round"/>'
    )


_CURLS = "".join(
    f'<circle cx="{x}" cy="{y}" r="{r}"/>'
    for x, y, r in (
        *((132, 186, 17), (128, 158, 22), (142, 128, 26), (170, 106, 28), (204, 98, 29), (236, 108, 28)),
        *(
            (260, 132, 25),
            (272, 160, 21),
            (268, 188, 16),
            (164, 136, 22),
            (194, 130, 22),
            (224, 134, 22),
            (246, 150, 16),
        ),
    )
)
_LOCKS = "".join(
    f'<circle cx="{x}" cy="{y}" r="{r}"/>'
    for x, y, r in ((138, 124, 9), (166, 98, 10), (200, 90, 10), (232, 100, 9), (162, 132, 7), (192, 126, 7))
)


def _front_hair(look: Look, masculine: bool) -> str:
    strand = _shade(look.hair, 0.66)
    if look.hat in ("hood", "helm", "helmet"):
        return (
            '<path d="M112 300 C90 90 310 90 288 300 L262 280 C276 120 124 120 138 280Z" '
            f'fill="{css(look.hat_colour)}"/>'
        )
    if look.cut == "curls" and not look.long_hair:
        return f'<g fill="{css(look.hair)}">{_CURLS}</g><g fill="{_shade(look.hair, 1.16)}" opacity=".7">{_LOCKS}</g>'
    if look.long_hair and look.cut == "bun":
        return (
            '<path d="M130 214 C112 110 160 90 200 92 C240 90 288 110 270 214 C268 180 262 160 250 146 Q222 132 200 '
            f'134 Q178 132 150 146 C138 160 132 180 130 214Z" fill="url(#h)"/><path d="M146 150 C158 126 176 112 198 '
            f'108 M254 150 C242 126 226 112 206 108" stroke="{strand}" stroke-width="3" fill="none" opacity=".45"/>'
        )
    if masculine or not look.long_hair:
        return (
            '<path d="M130 212 C116 108 176 84 214 92 C276 92 284 150 270 212 C268 184 262 166 248 154 C220 '
            '160 180 158 158 146 C142 160 136 184 130 212Z" fill="url(#h)"/>'
            f'<path d="M160 142 C176 118 206 110 236 118 M150 150 C160 126 184 108 206 104" stroke="{strand}" '
            'stroke-width="3" fill="none" opacity=".45"/>'
        )
    return (
        '<path d="M200 100 C140 92 116 140 124 230 C126 262 118 290 112 320 C138 290 142 240 146 206 '
        "C166 190 190 160 200 128 C214 164 238 188 256 204 C258 240 264 290 288 320 C282 290 274 262 276 "
        '230 C284 140 260 92 200 100Z" fill="url(#h)"/>'
        '<path d="M196 108 C160 124 140 160 134 220 M206 108 C242 124 258 160 266 220 M188 106 C150 116 '
        f'130 150 128 196" stroke="{strand}" stroke-width="3" fill="none" opacity=".5"/>'
        '<path d="M150 128 C160 112 178 104 190 106" stroke="#ffffff" stroke-width="6" fill="none" '
        'opacity=".22" stroke-linecap="round"/>'
    )
