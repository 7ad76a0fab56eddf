"""A provider's address as its users write it, and the path that its adapter documents: put together without repeating.

Official clients put the version into their base URL (`/v1`, `/v1beta`, `/client/v4`, `/sdapi/v1`) or leave it out, a
gateway has another, a portal shows the whole path of one call. All of them lead to the same routes.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

VERSION = re.compile(r"v[0-9]{1,8}((alpha|beta|preview|p)[0-9]{0,8})?", re.ASCII)
OPENAI_CALLS = (["images", "generations"], ["images", "edits"])
ENDS_OF_CALLS = re.compile(
    r"chat/completions|responses|images|models|predictions|get_result|generate|jobs|infer|openai|flux-[\w.-]+"
    r"|ideogram-v\d(?:/generate)?",
    re.ASCII,
)
"""What stands behind the version in the addresses of calls that portals and other clients show."""
ROOTS = (["docs"], ["prompt"], ["ws"])
"""Pages and calls of engines that have no version."""
OF_OTHER_CLIENTS = ("api", "hf-inference")
"""How paths begin beside which a service has a `/v1` for OpenAI's clients."""
LEAST_SHARED = 2
"""Leading segments that a base must share with a path to be taken for the whole path of another call."""
LONGEST_REST = 4


def address(base_url: str, target: str, query: Mapping[str, str]) -> str:
    """The URL of `target`, a documented path (it may have a query) below `base_url`, with the queries of both and
    `query`; the later one wins."""
    base, asked = urlsplit(base_url), urlsplit(target)
    path = "/".join(_joined(_segments(base.path), asked.path.removeprefix("/").split("/")))
    return urlunsplit((base.scheme, base.netloc, f"/{path}", _merged(base.query, asked.query, query), ""))


def kept_query(base_url: str, url: str, query: Mapping[str, str]) -> str:
    """A URL that a provider handed out, with `query`; on the base URL's own host also with the query that the user
    gave there (an `api-version` say), which goes with every request."""
    base, given = urlsplit(base_url), urlsplit(url)
    own = base.query if (base.scheme, base.netloc) == (given.scheme, given.netloc) else ""
    if not own and not query:
        return url
    return urlunsplit((*given[:3], _merged(own, given.query, query), ""))


def _joined(base: list[str], path: list[str]) -> list[str]:
    is_openai = path[:2] in (["v1", "images"], ["v1", "models"])
    base = _root(base, path, is_openai=is_openai)
    if is_openai and base[-2:] in OPENAI_CALLS:
        return [*base[:-2], *path[1:]]
    for shared in range(min(len(base), len(path)), 0, -1):
        if base[-shared:] == path[:shared]:
            return [*base[:-shared], *path]
    for rest in range(1, LONGEST_REST + 1):
        for start in range(len(base) - rest - LEAST_SHARED + 1):
            if base[start : len(base) - rest] == path[: len(base) - rest - start]:
                return [*base[:start], *path]
    if is_openai and any(map(VERSION.fullmatch, base)):
        return [*base, *path[1:]]
    if base and VERSION.fullmatch(base[-1]) and VERSION.fullmatch(path[0]):
        return [*base[:-1], *path]
    return [*base, *path]


def _root(base: list[str], path: list[str], *, is_openai: bool) -> list[str]:
    """The base without what is the path of a call, or a version that is other clients' alone."""
    if base in ROOTS or (path[0] in OF_OTHER_CLIENTS and len(base) == 1 and VERSION.fullmatch(base[0])):
        return []
    for place in range(len(base) - 1, 0, -1):
        end = "/".join(base[place:])
        if VERSION.fullmatch(base[place - 1]) and ENDS_OF_CALLS.fullmatch(end) and not (is_openai and end == "openai"):
            return base[:place]
    return base


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _merged(first: str, second: str, last: Mapping[str, str]) -> str:
    """The queries in one. What stands alone stays as it was written: an address may be signed."""
    if not last and (not first or not second):
        return first or second
    values = dict(parse_qsl(first, keep_blank_values=True)) | dict(parse_qsl(second, keep_blank_values=True))
    return urlencode({**values, **last})
