"""The pictures in a reply, whatever it is wrapped in: the bytes decide what is one, and the decoder has the last word.

What is certainly an image is found under any name; what only may be one (a URL, base64 of unknown content) counts where
documents and gateways put pictures.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract.exchange import Picture, Reply
from imgforge_mcp.providers.reading.encoded import (
    from_base64,
    from_data_url,
    from_hex,
    from_numbers,
    is_base64_image,
    is_data_url,
    looks_like_an_image,
)
from imgforge_mcp.providers.reading.refusals import is_refusal_word
from imgforge_mcp.providers.reading.wire import decoded_or_none, line, plain, whole

ENCODED = (
    *("b64json", "b64", "base64", "imagebase64", "bytesbase64encoded", "imageb64", "b64image", "imagebytes"),
    *("base64image", "imagedata", "binarydatabase64", "imagebase64data", "imagedatauri", "b64data", "blob", "bytes"),
)
"""Fields that hold nothing but a picture's base64. Every name is read without its case and what parts its words."""
ADDRESSED = (
    *("url", "imageurl", "uri", "imageuri", "fileuri", "signedurl", "downloadurl", "fileurl", "asseturl"),
    *("sample", "src"),
    *("imgurl", "outputurl", "resulturl", "mediaurl", "publicurl", "presignedurl", "photourl", "pictureurl"),
)
"""Fields that hold the address of one, or an object that does."""
FILED = ("path", "filepath", "file", "filename")
"""Fields that do, where it ends as a picture's address."""
SEVERAL = (*ADDRESSED, *ENCODED, "urls")
"""Fields whose list, where they hold one, is of pictures."""
MADE = frozenset({"image", "images", "picture", "pictures", "generatedimages", "imageurl", "imageurls", "imgurl"})
"""Names of what was made, below whatever name they stand."""
HOLDERS = (
    *("images", "image", "data", "output", "outputs", "result", "results", "artifacts", "predictions", "candidates"),
    *("content", "contents", "parts", "generatedimages", "generations", "response", "payload"),
    *("choices", "message", "item", "items", "files", "media", "steps", "picture", "pictures", "img", "imgs"),
    *("imageurls", "b64images", "body", "delta", "outputimage", "resulturls", "resultimage", "imagelist"),
    *("base64s", "binarydatabase64s", "photo", "photos", "asset", "assets", "task", "taskresult"),
    *("filedata", "generated", "resource"),
)
"""Where the documents and the gateways nest pictures, in the order in which they are looked at."""
PLAIN_LISTS = ("image", "images", "pictures", "output", "outputs")
"""Those whose list may be of bare paths."""
SPOKEN = ("content", "message", "body", "delta")
"""Those that may hold words as well: a bare address there is a picture only if it ends as one."""
NOT_OURS = re.compile(
    r"(?i)input|init|request|param|prompt|mask|preview|thumb|urls$|links?$|log|refer|source|original|control|error"
    r"|avatar|icon|user|thought|metadata|debug|webhook|example|extra"
)
"""Names under which a reply shows other pictures than those it made: what it was given, small ones, portraits."""
PICTURE_URL = re.compile(r"(?i)https?://[^\s\"'<>]+\.(?:png|jpe?g|webp|gif|avif|svg)(?:[?#][^\s\"'<>]*)?")
PATH = re.compile(
    r"(?:/[^\s/][^\s]*|[\w.-]+:[0-9]{1,5}/[^\s]*|[\w.%-]+(?:/[\w.%-]+)*\.(?:png|jpe?g|webp|gif|avif|svg)(?:\?\S*)?)",
    re.IGNORECASE,
)
PICTURE_PATH = re.compile(r"(?i)[^\s<>\"']{1,2000}\.(?:png|jpe?g|webp|gif|avif|svg)(?:\?\S*)?")
IN_MARKDOWN = re.compile(r"!\[[^\]]{0,400}\]\(\s*<?(https?://[^)\s>]+|data:image/[^)\s>]+)")
PARTED = re.compile(rb"\s*--\S{1,70}\r?\ncontent-", re.IGNORECASE)
FENCED = re.compile(r"\s*(`{3,})[\w-]*\s(.*?)\1\s*", re.DOTALL)
"""A block of code, in which a model writes JSON or base64."""
IN_HTML = re.compile(r"""(?i)<img\s[^>]{0,400}?src=["']?(https?://[^"'\s>]+|data:image/[^"'\s>]+)""")
EVENTS = re.compile(r"data:\s*[\[{\"]|event:|id:|retry:|:|\{")
"""How a stream of events begins, or one of JSON values, a line each."""
EMPTY: tuple[Any, ...] = (None, "", [], {}, 0, False)
DEEPEST = 12


@dataclass(slots=True)
class Found:
    """What a reply holds: `broken` items claim to be pictures and are none, `refused` ones were withheld."""

    pictures: list[Picture] = field(default_factory=list)
    broken: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return len(self.pictures) + self.broken + self.refused

    def add(self, other: "Found") -> None:
        """Take over what another place holds; a picture that both hold is one."""
        self.pictures += [picture for picture in other.pictures if picture not in self.pictures]
        self.broken += other.broken
        self.refused += other.refused


def found_in(reply: Reply, body: Any = None) -> Found:
    """Every picture of an answer; `body` is its JSON where the caller has decoded it."""
    if body is None:
        if looks_like_an_image(reply.body.lstrip()):
            return _bare(reply)
        if reply.content_type.startswith("multipart/") or PARTED.match(reply.body):
            return _in_parts(reply)
        body = decoded_or_none(reply.body)
    if body is None:
        return _in_text(reply)
    found = _in_value(body, None, 0)
    if not found.pictures and not found.refused:
        found.pictures = list(_certain(body, 0))
    return found


def _bare(reply: Reply) -> Found:
    """Bytes without a wrapping; a header may say that they were blurred and why."""
    if is_refusal_word(reply.headers.get("finish-reason", "")):
        return Found(refused=1)
    data = reply.body.lstrip()
    kept = data if looks_like_an_image(data) else reply.body
    return Found(pictures=[Picture(data=kept, seed=_header_seed(reply))])


def _in_parts(reply: Reply) -> Found:
    """Those of a multipart answer, whose first line is what parts it."""
    first = reply.body.lstrip().partition(b"\n")[0]
    delimiter, line_end = first.strip(), b"\r\n" if first.endswith(b"\r") else b"\n"
    found = Found()
    for part in reply.body.split(delimiter) if delimiter.startswith(b"--") else ():
        head, _, data = part.partition(line_end * 2)
        if data and b"multipart/" not in head.lower():
            found.add(found_in(Reply(status=reply.status, headers={}, body=data.removesuffix(line_end))))
    return found


def _in_text(reply: Reply) -> Found:
    """An answer that is neither a known image nor JSON: events, an address, base64, or bytes for the decoder."""
    try:
        text = reply.body.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if reply.body and (not text or (reply.content_type.startswith("image/") and not text.startswith("<"))):
        return _bare(reply)
    if EVENTS.match(text):
        return _in_events(text)
    if not text or (text.startswith("<") and (not text.startswith("<?xml") or "<html" in text[:1000].lower())):
        return Found()
    return _of_text(text, None, is_claimed=PICTURE_PATH.fullmatch(text) is not None)


def _in_events(text: str) -> Found:
    """The last whole pictures of an event stream, or of JSON values, a line each; drafts that were sent on the way do
    not count."""
    found = Found()
    for event in _events(text):
        if not (isinstance(event, dict) and "partial" in str(event.get("type", ""))):
            found.add(_in_value(event, None, 0))
    return found


def _events(text: str) -> Iterator[Any]:
    """Lines that are called data are one event up to the next empty line, or each by itself."""
    for block in re.split(r"(?:\r?\n){2,}", text):
        lines = block.splitlines()
        data = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
        whole = decoded_or_none("\n".join(data).encode()) if data else None
        found = [whole] if whole is not None else [decoded_or_none(line.encode()) for line in data or lines]
        yield from (event for event in found if isinstance(event, dict | list))


def _in_value(value: Any, seed: int | None, depth: int) -> Found:
    if value in EMPTY or depth > DEEPEST:
        return Found()
    match value:
        case str():
            return _of_text(value, seed, is_claimed=False)
        case list():
            return _in_list(value, seed, depth)
        case dict():
            return _in_object(value, seed, depth)
    return Found()


def _in_list(values: list[Any], seed: int | None, depth: int) -> Found:
    if (data := from_numbers(values)) is not None:
        return Found(pictures=[Picture(data=data, seed=seed)])
    found = Found()
    for value in values:
        one = _in_value(value, seed, depth + 1)
        found.pictures += one.pictures
        found.broken += one.broken
        found.refused += one.refused
    return found


def _in_object(item: Json, seed: int | None, depth: int) -> Found:
    if item.get("thought") is True:
        return Found()
    if item and all(name.isdigit() for name in item):
        return _in_list(list(item.values()), seed, depth)
    item = plain(item)
    seed = found_seed if (found_seed := whole(item.get("seed"))) is not None else seed
    if withheld := _withheld(item, depth):
        kept = _held(item, seed, depth) if item.keys() & {"content", "finishreasons"} else Found()
        kept.refused += withheld
        return kept
    encoded = _first([(text, True) for text in _encoded_claims(item)], seed)
    if encoded is not None and encoded.pictures:
        return encoded
    held = _held(item, seed, depth)
    if held.pictures:
        return held
    addressed = _first([(text, False) for text in _address_claims(item)], seed)
    if addressed is not None and addressed.pictures:
        return addressed
    return held if held.total else encoded or addressed or held


def _held(item: Json, seed: int | None, depth: int) -> Found:
    """What the places hold in which an object nests pictures."""
    found = Found()
    flags = item.get("hasnsfwconcepts", item.get("nsfwcontentdetected"))
    for name in HOLDERS:
        if name not in item or item[name] in EMPTY:
            continue
        value = item[name]
        if name in PLAIN_LISTS and isinstance(value, list):
            value = [{"path": each} if isinstance(each, str) and _is_path(each) else each for each in value]
        one = _flagged(value, flags, seed, depth) or _in_value(value, seed, depth + 1)
        if name in SPOKEN and isinstance(item[name], str):
            bare = line(item[name].strip())
            one.pictures = [each for each in one.pictures if not each.url or each.url != bare or _is_path(each.url)]
        if name in ("image", "images", "pictures") and isinstance(item[name], str) and not one.total:
            one = _of_text(item[name], seed, is_claimed=True)
        found.add(one)
    for name in SEVERAL:
        if isinstance(item.get(name), list):
            found.add(_in_list(item[name], seed, depth + 1))
    return found


def _flagged(value: Any, flags: Any, seed: int | None, depth: int) -> Found | None:
    """A list of pictures beside a list that says which of them were blacked out; None where there is no such list."""
    if not isinstance(flags, list) or not any(flag is True for flag in flags):
        return None
    items = value if isinstance(value, list) else [value]
    kept = [item for place, item in enumerate(items) if not (place < len(flags) and flags[place] is True)]
    found = _in_list(kept, seed, depth + 1)
    found.refused += len(items) - len(kept)
    return found


def _first(claims: list[tuple[str, bool]], seed: int | None) -> Found | None:
    """The picture of the first field that holds one; None where no field claims to."""
    for text, is_base64 in claims:
        one = _decoded(text, seed) if is_base64 else _of_text(text, seed, is_claimed=True)
        if one.pictures:
            return one
    return Found(broken=1) if claims else None


def _encoded_claims(item: Json) -> Iterator[str]:
    """The texts of an object that must be its picture's base64."""
    for name in ENCODED:
        if isinstance(item.get(name), str) and item[name]:
            yield item[name]
    match item:
        case {"inlinedata": {"data": str(text)}} | {"type": "image", "source": {"data": str(text)}} if text:
            yield text
        case {"data": str(text)} if text and _is_media(item):
            yield text


def _address_claims(item: Json) -> Iterator[str]:
    """Those that must be its address."""
    for name in ADDRESSED:
        match item.get(name):
            case str(text) | {"url": str(text)} | {"uri": str(text)} if text:
                yield text
    for name in FILED:
        match item.get(name):
            case str(text) if _is_path(text):
                yield text


def _is_path(text: str) -> bool:
    """Whether a text ends as a picture's address and is nothing but that; it may have spaces."""
    bare = text.strip()
    is_one = "://" not in bare or bare.lower().startswith(("http://", "https://"))
    return is_one and "\n" not in bare and PICTURE_PATH.fullmatch(bare.replace(" ", "%20")) is not None


def _is_media(item: Mapping[str, Any]) -> bool:
    """Whether an object says that its `data` is an image, as `{"mime_type": "image/png", "data": …}` does."""
    kinds = (item.get(name) for name in ("mimetype", "mediatype", "contenttype", "type", "format"))
    return any(isinstance(kind, str) and kind.lower().startswith("image") for kind in kinds)


def _decoded(text: str, seed: int | None) -> Found:
    """A picture from what must be base64, by itself or in a data URL; an address in its place is taken as well."""
    if is_data_url(text) or "://" in text[:16]:
        return _of_text(text, seed, is_claimed=True)
    data = from_base64(text)
    if data and not looks_like_an_image(data) and data[:64].isascii():  # some encode what was encoded already
        inner = data.decode("ascii", "replace")
        data = from_data_url(inner) if is_data_url(inner) else from_base64(inner) if is_base64_image(inner) else data
    return Found(pictures=[Picture(data=data, seed=seed)]) if data else Found(broken=1)


def _of_text(text: str, seed: int | None, *, is_claimed: bool) -> Found:
    """A picture from a text that may be a data URL, an address or base64; one that claims to be a picture and is none
    is broken, any other text is no picture."""
    if is_data_url(text):
        data = from_data_url(text)
        return Found(pictures=[Picture(data=data, seed=seed)]) if data else Found(broken=1)
    if is_base64_image(text):
        data = from_base64(text)
        return Found(pictures=[Picture(data=data, seed=seed)]) if data else Found(broken=1)
    if (data := from_hex(text) or _drawing(text)) is not None:
        return Found(pictures=[Picture(data=data, seed=seed)])
    if text.lstrip()[:1] in ("{", "[") and (inner := decoded_or_none(text.encode())) is not None:
        return _in_value(inner, seed, DEEPEST - 4)
    if fenced := FENCED.fullmatch(text):
        return _of_text(fenced[2], seed, is_claimed=is_claimed)
    address = line(text.strip().replace(" ", "%20") if is_claimed else text.strip())
    if address is not None and re.fullmatch(r"(?i)(?:https?:)?//[^/\s]\S*", address):
        return Found(pictures=[Picture(url=address, seed=seed)])
    if address is not None and is_claimed and PATH.fullmatch(address):
        return Found(pictures=[Picture(url=address, seed=seed)])
    for pattern, most in () if is_claimed else ((IN_MARKDOWN, None), (IN_HTML, None), (PICTURE_URL, 2_000_000)):
        if links := pattern.findall(text[:most]):
            return _in_list(links, seed, DEEPEST - 1)
    return Found(broken=1) if is_claimed else Found()


def _drawing(text: str) -> bytes | None:
    """The bytes of a drawing in SVG that stands as it is."""
    data = text.encode("utf-8", "replace") if text.lstrip()[:1] == "<" else b""
    return data if looks_like_an_image(data) else None


def _certain(value: Any, depth: int, name: str = "") -> Iterator[Picture]:
    """What is an image beyond doubt, under names that nobody documented."""
    if depth > DEEPEST or (name and NOT_OURS.search(name)):
        return
    if isinstance(value, str):
        data = from_data_url(value) if is_data_url(value) else None
        if data is None and len(value) > 64 and is_base64_image(value):
            data = from_base64(value)
        if data is not None and looks_like_an_image(data):
            yield Picture(data=data)
        elif PICTURE_URL.fullmatch(value.strip()) and line(value.strip()):
            yield Picture(url=value.strip())
    elif isinstance(value, list):
        for item in value:
            yield from _certain(item, depth + 1)
    elif isinstance(value, dict) and value.get("thought") is not True and not _withheld(item := plain(value), depth):
        if not MADE.isdisjoint(item) and (found := _in_object(value, None, depth)).pictures:
            yield from found.pictures
            return
        for key, inner in value.items():
            yield from _certain(inner, depth + 1, key)


def _withheld(item: Json, depth: int) -> int:
    """How many pictures an item says were withheld: by a flag, by the reasons for its end, or by the error that stands
    in the place of one; `item` has plain names."""
    if item.get("respectmoderation") is False or item.get("isimagesafe") is False:
        return 1
    if item.get("raifilteredreason") and not item.get("bytesbase64encoded"):
        return 1
    if isinstance(reasons := item.get("finishreasons"), list):
        return sum(isinstance(reason, str) and is_refusal_word(reason) for reason in reasons)
    words = [item.get(name) for name in ("finishreason", "blockreason", "contentfilterresult")]
    if depth:
        words += [error.get("code") if isinstance(error := item.get("error"), dict) else None, _code_of(item)]
    return int(any(isinstance(word, str) and is_refusal_word(word) for word in words))


def _code_of(item: Json) -> object:
    """The code of an item that is nothing but an error."""
    return item.get("code") if "message" in item else None


def _header_seed(reply: Reply) -> int | None:
    """The seed that some services send beside raw bytes."""
    text = reply.headers.get("seed", "")
    return whole(int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else None
