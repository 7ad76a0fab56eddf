"""Honest local changes to any picture: style, colour, tone, shape, size and words; nothing is invented."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from imgforge_mcp.base.canvas import Canvas
from imgforge_mcp.local.account import Account, account_of
from imgforge_mcp.local.engine import paint
from imgforge_mcp.local.language import concepts
from imgforge_mcp.local.language.depicted import words as depicted_words
from imgforge_mcp.local.language.parse import parse
from imgforge_mcp.local.language.tokens import cut, words_of
from imgforge_mcp.local.marks import Marks
from imgforge_mcp.local.noise import Noise
from imgforge_mcp.local.pixels import Array, from_image, luma, mix, rgb, to_image
from imgforge_mcp.local.recalled import elsewhere, note, recall
from imgforge_mcp.local.regions import Region, region_of, side_of, unknown_thing
from imgforge_mcp.local.scene import Scene
from imgforge_mcp.local.stage import Report
from imgforge_mcp.local.styles import STYLES, restyle
from imgforge_mcp.local.styles.brush import Brush
from imgforge_mcp.local.styles.made import pixelate
from imgforge_mcp.local.text import caption, unwritable

_LARGEST = 2048
_MOST_PIXELS = 1_600_000
CAN = (
    "restyle ("
    + ", ".join(sorted(STYLES))
    + "), recolour ('change red to blue', 'tint green', 'warmer', 'cooler', 'black and white', "
    "'sepia', 'invert'), tone ('brighter', 'darker', 'more contrast', 'more saturated', 'blur', "
    "'sharpen', 'vignette'), shape ('crop to square', "
    "'extend to 16:9', 'rotate 90', 'flip', 'mirror', 'add a border'), resize ('resize to 512x512', "
    "'half size') and caption ('add the text \"Hello\"'); its own drawings it can set elsewhere "
    "('change the background to a beach', 'make it night', 'in winter')"
)

Step = Callable[[Image.Image], Image.Image]
_TEXT_CHANGES = (
    "change the text",
    "change the words",
    "replace the text",
    "change the title",
    "change the caption",
    "replace the title",
    "replace the caption",
    "make the text say",
    "text to say",
    "set the text to",
)
_TEXT_REMOVALS = (
    "remove the text",
    "delete the text",
    "without the text",
    "remove the caption",
    "remove the title",
    "take the text away",
    "no text",
    "remove the words",
)
_BEHIND_CHANGED = re.compile(r"\b(?:blur|darken|brighten|lighten|sharpen|desaturate|soften)\w*\b.{0,30}\bbackground\b")
# words of an instruction that ask for no thing
_OWN_WORDS = frozenset(
    str.split(
        "picture image photo photograph drawing painting it text title caption word words letters size half "
        "double twice "
        "background foreground subject place style colour color colours colors tone tones top bottom left right middle "
        "center centre edge edges corner corners border frame degrees clockwise square portrait landscape format "
        "everything "
        "change make turn add put set crop extend expand rotate flip mirror resize scale side part look bigger larger "
        "smaller brighter darker"
    )
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """An instruction, read: its plain words and its quoted text."""

    low: str
    words: frozenset[str]
    quoted: tuple[str, ...]

    def has(self, *phrases: str) -> bool:
        return any(re.search(rf"\b{re.escape(phrase)}\b", self.low) for phrase in phrases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The changed picture, sentences on what was done, the scene it remembers, and the words that were and were not."""

    picture: Image.Image
    warnings: tuple[str, ...]
    note: str
    drawn: tuple[str, ...]
    not_drawn: tuple[str, ...]


def adjust(
    data: bytes, instruction: str, width: int | None, height: int | None, seed: int, progress: Report
) -> Adjusted:
    """Raises ValueError: nothing in the instruction can be done, or it names a place that cannot be found."""
    canvas = Canvas.of(data)
    picture = Image.frombytes("RGB", (canvas.width, canvas.height), canvas.pixels)
    remembered = recall(canvas.note)
    notes = []
    pieces = cut(instruction, None)
    low = " ".join(_unquoted(instruction).lower().split())[:2000]
    asked = _Asked(low, frozenset(words_of(low)), pieces.quoted)
    moved = _moved(remembered, instruction, asked)
    marks = None
    if moved and remembered:
        picture, marks = paint(
            moved, *_drawable(picture.size), remembered[1], lambda fraction, what: progress(fraction * 0.8, what)
        )
        notes.append("The scene was painted again with what was asked.")
    steps = _steps(asked, seed, remembered, picture, has_new_text=bool(moved and moved.text == asked.quoted))
    if not steps and not moved and width is None and height is None:
        raise ValueError(f"The local adjuster found nothing it can do in that instruction. It can: {CAN}.")
    for order, (name, step) in enumerate(steps):
        progress(0.1 + 0.8 * order / len(steps), name)
        picture = step(picture)
    if width or height:
        notes += _cut_away(picture, width, height)
        picture = _resized(picture, width, height)
    progress(1.0, "done")
    if steps:
        notes.append(f"Done: {', '.join(name for name, _ in steps)}.")
    missing = unwritable(asked.quoted) if asked.quoted else ""
    if missing:
        notes.append(f"The typeface has no {' '.join(missing)}.")
    account = _account(instruction, asked, steps, moved, marks)
    return Adjusted(
        picture=picture,
        warnings=(*notes, *account.sentences),
        note=note(moved, remembered[1]) if moved and remembered and not steps else "",
        drawn=account.drawn,
        not_drawn=account.not_drawn,
    )


def _unquoted(instruction: str) -> str:
    return re.sub("\"[^\"]*\"|“[^”]*”|«[^»]*»|(?<!\\w)'[^']*'(?!\\w)", " ", instruction)


def _moved(remembered: tuple[Scene, int] | None, instruction: str, asked: _Asked) -> Scene | None:
    """Our own scene with what the instruction changes of it: place, hour, weather, or its words.

    Raises ValueError: words are to be changed or taken away in a picture whose words are not known."""
    changes_text = asked.has(*_TEXT_CHANGES) and bool(asked.quoted)
    removes_text = asked.has(*_TEXT_REMOVALS)
    if changes_text or removes_text:
        if remembered is None or not remembered[0].text:
            raise ValueError(
                "The local adjuster cannot take words out of a picture, so it cannot change the text of this one; it "
                "changes text only in a drawing that the illustrator made with words and that was not changed since. "
                "It can add a caption ('add the text \"Hello\" at the bottom')."
            )
        return replace(remembered[0], text=asked.quoted if changes_text else ())
    if remembered is None or _BEHIND_CHANGED.search(asked.low):
        return None
    return elsewhere(remembered[0], _unquoted(instruction))


def _steps(
    asked: _Asked, seed: int, remembered: tuple[Scene, int] | None, picture: Image.Image, *, has_new_text: bool
) -> list[tuple[str, Step]]:
    """What is to be done, in order; what concerns tone and colour is kept to the part that is named."""
    steps = _shapes(asked)
    local = [*_tones(asked), *_colours(asked), *_styles(asked, seed)]
    if local:
        ours = _known_parts(remembered, picture, asked.low)
        region = region_of(asked.low, ours)
        unknown = unknown_thing(asked.low, ours) if region is None else ""
        if unknown and not asked.has("change", "turn", "replace"):
            raise ValueError(
                f"The local adjuster cannot find '{unknown}' in this picture: it knows the parts of a picture only in "
                "drawings that the illustrator made. It can change the whole picture, or its top, bottom, left, "
                "right, middle or edges."
            )
        steps += [(f"{name} ({region.name})", _kept_to(region, step)) for name, step in local] if region else local
    return steps if has_new_text else [*steps, *_words(asked)]


def _known_parts(
    remembered: tuple[Scene, int] | None, picture: Image.Image, instruction: str
) -> tuple[Scene, Marks] | None:
    """The map of one of our own drawings, made by painting it again; only if the instruction may need it."""
    if remembered is None or not (
        " the " in f" {instruction}" or "background" in instruction or "foreground" in instruction
    ):
        return None
    scene, seed = remembered
    return scene, paint(scene, *_drawable(picture.size), seed, lambda _fraction, _what: None)[1]


def _kept_to(region: Region, step: Step) -> Step:
    return lambda picture: region.apply(picture, step(picture))


def _account(
    instruction: str, asked: _Asked, steps: list[tuple[str, Step]], moved: Scene | None, marks: Marks | None
) -> Account:
    """What was done, by name, and the things that the instruction asks for and that nothing was done about."""
    if marks is not None and moved is not None:
        claims = parse(_unquoted(instruction), style=None, negative=None, width=64, height=64).claims
        told = account_of(claims, marks.shown())
    else:
        claims = parse(_unquoted(instruction), style=None, negative=None, width=64, height=64).claims
        told = Account(not_drawn=tuple(claim.said for claim in claims if claim.kind in ("noun", "action")))
    done = " ".join(name for name, _ in steps)
    known = set(words_of(done)) | _OWN_WORDS | (_words_of_steps() if steps else set())
    left = tuple(
        entry for entry in told.not_drawn if not set(words_of(entry)) <= known and not (moved and "background" in entry)
    )
    drawn = (*(name for name, _ in steps), *told.drawn, *(f'"{text}"' for text in asked.quoted if moved or steps))
    return Account(drawn=tuple(dict.fromkeys(drawn)), not_drawn=left)


@functools.cache
def _words_of_steps() -> set[str]:
    """Words that name a change or the part it is for, and so are no things that are missing."""
    return set(words_of(CAN)) | set(depicted_words())


def _drawable(size: tuple[int, int]) -> tuple[int, int]:
    return max(64, min(_LARGEST, size[0])), max(64, min(_LARGEST, size[1]))


def _shapes(asked: _Asked) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    ratio = _ratio(asked)
    if ratio and (asked.has("extend", "expand", "outpaint", "widen", "pad") or not asked.has("crop")):
        steps.append(
            ("extend", lambda p: _extended(p, ratio))
            if not asked.has("crop")
            else ("crop", lambda p: _cropped(p, ratio))
        )
    elif ratio:
        steps.append(("crop", lambda p: _cropped(p, ratio)))
    elif asked.has("crop"):
        steps.append(
            (
                "crop",
                lambda p: p.crop((p.width // 10, p.height // 10, p.width - p.width // 10, p.height - p.height // 10)),
            )
        )
    turn = re.search(r"rotate[^0-9-]*(-?\d{1,3})?", asked.low)
    if turn:
        degrees = int(turn.group(1) or 90)
        steps.append(
            (
                f"rotate {degrees}",
                lambda p: p.rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)),
            )
        )
    if asked.has("upside down", "flip vertically", "flip vertical"):
        steps.append(("flip", ImageOps.flip))
    elif asked.has("flip", "mirror", "mirrored"):
        steps.append(("mirror", ImageOps.mirror))
    if asked.has("border", "frame"):
        colour = _named_colour(asked) or (255, 255, 255)
        steps.append(("border", lambda p: ImageOps.expand(p, max(4, min(p.size) // 24), colour)))
    size = re.search(r"(\d{2,4})\s*(?:x|×|by)\s*(\d{2,4})", asked.low)
    if size:
        wide, tall = (min(_LARGEST, max(16, int(v))) for v in size.groups())
        steps.append((f"resize to {wide}x{tall}", lambda p: _resized(p, wide, tall)))
    elif asked.has("half size", "half the size", "smaller"):
        steps.append(("half size", lambda p: _scaled(p, 0.5)))
    elif asked.has("double size", "twice the size", "2x", "upscale", "larger", "bigger"):
        steps.append(("double size", lambda p: _scaled(p, 2.0)))
    return steps


def _ratio(asked: _Asked) -> float | None:
    found = re.search(r"\b(\d{1,2})\s*[:/]\s*(\d{1,2})\b", asked.low)
    if found and int(found.group(2)) > 0 and 0.1 <= int(found.group(1)) / int(found.group(2)) <= 10:
        return int(found.group(1)) / int(found.group(2))
    if asked.has("square"):
        return 1.0
    if asked.has("widescreen", "landscape format", "landscape orientation"):
        return 16 / 9
    return 9 / 16 if asked.has("vertical", "portrait orientation", "portrait format", "story format") else None


def _cropped(picture: Image.Image, ratio: float) -> Image.Image:
    width, height = picture.size
    if width / height > ratio:
        wide = max(1, round(height * ratio))
        return picture.crop(((width - wide) // 2, 0, (width - wide) // 2 + wide, height))
    tall = max(1, round(width / ratio))
    return picture.crop((0, (height - tall) // 2, width, (height - tall) // 2 + tall))


def _extended(picture: Image.Image, ratio: float) -> Image.Image:
    """The missing sides are the picture's own edges, mirrored and softened: no new content."""
    width, height = picture.size
    wide, tall = (
        (max(width, round(height * ratio)), height)
        if width / height < ratio
        else (width, max(height, round(width / ratio)))
    )
    left, top = (wide - width) // 2, (tall - height) // 2
    values = np.asarray(picture)
    padded = np.pad(values, ((top, tall - height - top), (left, wide - width - left), (0, 0)), mode="symmetric")
    soft = Image.fromarray(padded).filter(ImageFilter.GaussianBlur(max(2, min(width, height) / 60)))
    mask = Image.new("L", (wide, tall))
    mask.paste(255, (left, top, left + width, top + height))
    inner = mask.filter(ImageFilter.GaussianBlur(max(1, min(width, height) / 90)))
    core = np.minimum(np.asarray(inner), np.asarray(mask))
    soft.paste(Image.fromarray(padded), (0, 0), Image.fromarray(core))
    scale = min(1.0, _LARGEST / max(wide, tall))
    return soft if scale == 1 else soft.resize((round(wide * scale), round(tall * scale)), Image.Resampling.LANCZOS)


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    """Larger or smaller as a whole, within the limits."""
    factor = min(factor, _LARGEST / max(picture.size))
    size = (max(16, round(picture.width * factor)), max(16, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _cut_away(picture: Image.Image, width: int | None, height: int | None) -> list[str]:
    """What a size of another shape costs."""
    if not (width and height):
        return []
    kept = min(picture.width / picture.height, width / height) / max(picture.width / picture.height, width / height)
    if kept > 0.97:
        return []
    return [
        f"{width}x{height} has another shape than the picture: {round(100 * (1 - kept))} % of it was cut off at "
        f"the sides."
    ]


def _resized(picture: Image.Image, width: int | None, height: int | None) -> Image.Image:
    """Fills the box, cutting what stands over; one side alone keeps the shape."""
    if width and height:
        return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    scale = (width or 0) / picture.width or (height or 0) / picture.height
    return picture.resize(
        (width or max(1, round(picture.width * scale)), height or max(1, round(picture.height * scale))),
        Image.Resampling.LANCZOS,
    )


def _tones(asked: _Asked) -> list[tuple[str, Step]]:
    table: tuple[tuple[str, tuple[str, ...], Step], ...] = (
        (
            "brighter",
            ("brighter", "brighten", "lighter", "lighten"),
            lambda p: ImageEnhance.Brightness(p).enhance(1.22),
        ),
        ("darker", ("darker", "darken", "dimmer"), lambda p: ImageEnhance.Brightness(p).enhance(0.76)),
        (
            "more contrast",
            ("more contrast", "higher contrast", "contrasty", "increase contrast", "punchier"),
            lambda p: ImageEnhance.Contrast(p).enhance(1.28),
        ),
        (
            "less contrast",
            ("less contrast", "lower contrast", "reduce contrast"),
            lambda p: ImageEnhance.Contrast(p).enhance(0.78),
        ),
        (
            "more saturated",
            ("more saturated", "saturate", "more vivid", "more vibrant", "more colorful", "more colourful", "vibrant"),
            lambda p: ImageEnhance.Color(p).enhance(1.4),
        ),
        (
            "less saturated",
            ("less saturated", "desaturate", "muted", "less vivid"),
            lambda p: ImageEnhance.Color(p).enhance(0.55),
        ),
        ("sharpen", ("sharpen", "sharper"), lambda p: p.filter(ImageFilter.UnsharpMask(2, 130, 2))),
        (
            "blur",
            ("blur", "blurred", "soften", "softer"),
            lambda p: p.filter(ImageFilter.GaussianBlur(max(1.5, min(p.size) / 180))),
        ),
        ("invert", ("invert", "negative colours", "negative colors"), ImageOps.invert),
        ("vignette", ("vignette",), _vignette),
    )
    return [(name, step) for name, phrases, step in table if asked.has(*phrases)]


def _vignette(picture: Image.Image) -> Image.Image:
    rows, columns = np.linspace(-1, 1, picture.height)[:, None], np.linspace(-1, 1, picture.width)[None]
    shade = 1 - 0.55 * np.clip(np.hypot(rows, columns) - 0.45, 0, 1)
    return to_image(from_image(picture) * shade[..., None].astype(np.float32))


def _colours(asked: _Asked) -> list[tuple[str, Step]]:
    steps: list[tuple[str, Step]] = []
    if asked.has("warmer", "warm up", "warm tones"):
        steps.append(("warmer", lambda p: to_image(from_image(p) * np.array([1.09, 1.01, 0.86], np.float32))))
    if asked.has("cooler", "cool down", "colder", "cool tones"):
        steps.append(("cooler", lambda p: to_image(from_image(p) * np.array([0.88, 0.99, 1.1], np.float32))))
    names = "|".join(concepts.COLOURS)
    swap = re.search(rf"\b({names})\b[a-z ]{{0,24}}?\b(?:to|into|with|->)\b[a-z ]{{0,10}}?\b({names})\b", asked.low)
    if swap:
        old, new = concepts.COLOURS[swap.group(1)], concepts.COLOURS[swap.group(2)]
        steps.append((f"{swap.group(1)} to {swap.group(2)}", lambda p: _swapped(p, old, new)))
        return steps
    colour = _named_colour(asked)
    if colour and asked.has(
        "tint",
        "recolor",
        "recolour",
        "colorize",
        "colourise",
        "colorise",
        "make it",
        "turn it",
        "monochrome",
        "duotone",
        "tone",
    ):
        steps.append(("tint", lambda p: _tinted(p, colour)))
    return steps


def _named_colour(asked: _Asked) -> tuple[int, int, int] | None:
    return next((concepts.COLOURS[word] for word in words_of(asked.low) if word in concepts.COLOURS), None)


def _tinted(picture: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    values = from_image(picture)
    tone = luma(values)[..., None]
    duotone: Array = mix(
        mix(rgb(*colour) * 0.16, rgb(*colour), np.clip(tone * 2, 0, 1)),
        rgb(255, 252, 246),
        np.clip(tone * 2 - 1, 0, 1) * 0.85,
    )
    return to_image(mix(values, duotone, 0.82))


def _swapped(picture: Image.Image, old: tuple[int, int, int], new: tuple[int, int, int]) -> Image.Image:
    """Everything near the old hue takes the new one, with its own light and shade."""
    hsv = np.asarray(picture.convert("HSV")).astype(np.float32)
    first, second = (
        np.asarray(Image.new("RGB", (1, 1), c).convert("HSV"))[0, 0].astype(np.float32) for c in (old, new)
    )
    gap = np.abs((hsv[..., 0] - first[0] + 128) % 256 - 128)
    near = (
        np.clip(1.6 - gap / 20, 0, 1) * np.clip(hsv[..., 1] / 70 - 0.35, 0, 1)
        if first[1] > 50
        else np.clip(1.5 - hsv[..., 1] / 40, 0, 1) * np.clip(1.5 - np.abs(hsv[..., 2] - first[2]) / 50, 0, 1)
    )
    changed = hsv.copy()
    changed[..., 0] = (hsv[..., 0] + second[0] - first[0]) % 256 if first[1] > 50 else second[0]
    changed[..., 1] = np.clip(hsv[..., 1] * second[1] / max(first[1], 40), 0, 255) if first[1] > 50 else second[1]
    changed[..., 2] = np.clip(hsv[..., 2] * (second[2] / max(first[2], 40)) ** 0.7, 0, 255)
    painted = from_image(Image.fromarray(changed.astype(np.uint8), "HSV").convert("RGB"))
    return to_image(mix(from_image(picture), painted, near[..., None].astype(np.float32)))


def _styles(asked: _Asked, seed: int) -> list[tuple[str, Step]]:
    names = [
        name
        for name, phrases in concepts.STYLES.items()
        if asked.has(name, *(p.replace("_", " ") for p in phrases.split()))
    ]
    names += ["vintage"] if asked.has("sepia") and "vintage" not in names else []
    names += ["pencil"] if asked.has("pencil") and "pencil" not in names else []
    return [(name, functools.partial(_restyled, name=name, seed=seed)) for name in dict.fromkeys(names)]


def _restyled(picture: Image.Image, name: str, seed: int) -> Image.Image:
    scale = min(1.0, (_MOST_PIXELS / (picture.width * picture.height)) ** 0.5)
    small = (
        picture
        if scale == 1
        else picture.resize(
            (max(8, round(picture.width * scale)), max(8, round(picture.height * scale))), Image.Resampling.LANCZOS
        )
    )
    values = from_image(small)
    shape = (values.shape[0], values.shape[1])
    done = to_image(restyle(values, [name], Brush(Noise(seed), shape, min(shape) / 1024)))
    done = done if scale == 1 else done.resize(picture.size, Image.Resampling.LANCZOS)
    return pixelate(done) if name == "pixel" else done


def _words(asked: _Asked) -> list[tuple[str, Step]]:
    """Captions where they were asked for; raises ValueError for a place that a caption cannot have."""
    if not asked.quoted:
        return []
    side = side_of(asked.low)
    if not side and asked.has("left", "right", "corner"):
        raise ValueError(
            "A caption can stand at the top, at the bottom or in the middle, not at a side or in a corner."
        )
    return [(f"caption{f' ({side})' if side else ''}", lambda p: caption(p, asked.quoted, side=side))]
