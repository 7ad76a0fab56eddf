"""What a caller's reference means, in whichever valid way it is spelled. Pure."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes, urlsplit

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.spelling import path_of_uri
from imgforge_mcp.providers.reading.encoded import from_base64

SHORTEST_ID = 8
"""Hex digits: the least that stands for an image."""
ASSET_ID = re.compile(r"[0-9a-f]{8,64}", re.IGNORECASE)
ASSET_URI = re.compile(
    r"(?:imgforge://assets/|/v2/assets/|asset:|sha256[:-])([0-9a-f]{8,64})(?:[.?#].*)?", re.IGNORECASE
)
TOLD_ID = re.compile(
    r"(?:(?:asset|image|picture)(?:[_ ]?id)?\s*[:= ]\s*|id\s*[:= ]\s*)?([0-9a-f]{8,64})(?:…|\.{1,3})?", re.IGNORECASE
)
"""As a text has one: with what it is before it, cut short, at the end of a sentence."""
JOB_ID = re.compile(
    r"(?:imgforge://jobs/|(?:job(?:[_ ]?id)?|id)\s*[:= ]\s*)?([0-9A-HJKMNP-TV-Z]{26})(?:\s*#\s*([1-9]\d?))?",
    re.IGNORECASE,
)
ASSET_PATH = re.compile(r"/v2/assets/([0-9a-f]{64})(?:\.\w+)?", re.IGNORECASE)
AROUND = ("''", '""', "``", "<>", "“”", "‘’", "«»")
"""Pairs of signs that shells, letters and chats put around an address or a path."""
IN_MARKDOWN = re.compile(r"!?\[[^\]]*\]\(\s*(.+?)\s*\)")
WAYS = "an asset id, a job id, an https URL, a data URL or a file path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """`text` is the id in the store's own spelling, the URL, or the path; `number` counts a job's pictures from 1.
    `asset_id` is what a URL of a server like this one would have, if this is the one."""

    kind: Literal["asset", "job", "data", "url", "path"]
    text: str = ""
    number: int = 1
    data: bytes = b""
    asset_id: str | None = None


def read_reference(text: str, field: str) -> Named:
    """Raises InvalidRequest: no way in which an image is named; tells which argument, `field`, it was."""
    text = _bare(text)
    if match := JOB_ID.fullmatch(text):
        return Named(kind="job", text=match[1].upper(), number=int(match[2] or 1))
    if match := ASSET_URI.fullmatch(text) or TOLD_ID.fullmatch(text):
        return Named(kind="asset", text=match[1].lower())
    scheme = text.partition(":")[0].lower()
    if scheme == "data":
        return Named(kind="data", data=_data_url_bytes(text, field))
    if scheme in ("http", "https") and text[len(scheme) :].startswith("://"):
        url = f"{scheme}{text[len(scheme) :]}"
        ours = ASSET_PATH.fullmatch(_path_of(url))
        return Named(kind="url", text=url, asset_id=ours[1].lower() if ours else None)
    if scheme == "file":
        return Named(kind="path", text=_file_path(text, field))
    if "://" in text:
        raise InvalidRequest(f"{field}: {scheme[:20]}:// is not read; give {WAYS}.", field=field)
    return Named(kind="path", text=re.sub(r"\\(?=[ ()&'])", "", text))


def _bare(text: str) -> str:
    """Without space, without one pair of signs around it, without the words of a link, and without the sign by which
    chats name files."""
    text = text.strip()
    if link := IN_MARKDOWN.fullmatch(text):
        text = link[1]
    text = text[1:-1].strip() if len(text) > 2 and text[0] + text[-1] in AROUND else text
    return text[1:] if re.match(r"@[\w./~]", text) else text


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _file_path(uri: str, field: str) -> str:
    """Raises InvalidRequest: it names another machine."""
    if (path := path_of_uri(uri)) is None:
        host = uri[len("file://") :].partition("/")[0]
        raise InvalidRequest(
            f"{field}: file://{host[:64]}/ names another machine; give a path on this one.", field=field
        )
    return path


def _data_url_bytes(url: str, field: str) -> bytes:
    """The bytes of a data URL (RFC 2397): base64 or percent-encoded, with any parameters, in any case."""
    head, comma, body = url.partition(",")
    if not comma:
        raise InvalidRequest(f"{field}: the data URL has no comma, and so no data.", field=field)
    if "base64" not in (part.strip().lower() for part in head.split(";")[1:]):
        return unquote_to_bytes(body)
    data = from_base64(body)
    if data is None:
        raise InvalidRequest(f"{field}: the data URL is not base64.", field=field)
    return data
