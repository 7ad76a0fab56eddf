"""Where a URL that a provider handed out really leads: other names of its own host are made one. Pure."""

import re
from ipaddress import IPv6Address, ip_address
from socket import inet_aton
from urllib.parse import SplitResult, urlsplit, urlunsplit

from imgforge_mcp.base.config import ProviderSettings

OWN_NAMES = (
    *("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "0.0.0.0", "::", ""),
    *("host.docker.internal", "gateway.docker.internal", "host.containers.internal"),
)
"""How a server calls itself that does not know how it is reached, containers among them."""
WITHOUT_SCHEME = re.compile(r"[\w.-]+:[0-9]{1,5}/", re.ASCII)
"""A host with its port, where a path may stand as well."""


def candidates(url: str, settings: ProviderSettings) -> tuple[str, ...]:
    """The addresses to try for a URL from a provider's answer, the likeliest first.

    A path alone is one on the base host, with and without the base URL's own prefix. Where the user has named the
    base URL, loopback and unspecified hosts in an answer are the server's names for itself: they lead to the base host
    and never to another service of this machine than the one whose port the URL names. So are private addresses and
    names without a dot from a server that is near itself, which may be in a container; what they say is tried last.
    """
    base = urlsplit(settings.base_url)
    if url.startswith("//"):
        url = f"{base.scheme}:{url}"
    elif WITHOUT_SCHEME.match(url):
        url = f"{base.scheme}://{url}"
    if "://" not in url:
        path = url if url.startswith("/") else f"/{url.removeprefix('./')}"
        prefix = base.path.rstrip("/")
        found = [_at(base.scheme, base.netloc, path)]
        return tuple(dict.fromkeys([*found, *([_at(base.scheme, base.netloc, prefix + path)] if prefix else [])]))
    target = _split(url)
    is_near = target is not None and _is_near(base.hostname or "") and _is_near(target.hostname or "")
    if target is None or not settings.is_override or not (is_near or _names_itself(target, base)):
        return (url,)
    rest = urlunsplit(("", "", target.path, target.query, ""))
    port = f":{target.port}" if target.port else ""
    host = base.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    own = [_at(target.scheme, bracketed + port, rest), _at(base.scheme, base.netloc, rest)]
    return tuple(dict.fromkeys(own if _names_itself(target, base) else [*own, url]))


def is_own(url: str, settings: ProviderSettings) -> bool:
    """Whether an address is on the machine that the user has named as the base URL, whichever its port."""
    target, base = _split(url), urlsplit(settings.base_url)
    return settings.is_override and target is not None and target.hostname == base.hostname


def may_see_key(url: str, settings: ProviderSettings, key_hosts: tuple[str, ...] = ()) -> bool:
    """Whether the key belongs to an address: the base URL's own scheme, host and port, or one of `key_hosts` by
    https; one that begins with a dot stands for every host below."""
    target, base = _split(url), urlsplit(settings.base_url)
    if target is None:
        return False
    if (target.scheme, target.netloc) == (base.scheme, base.netloc):
        return True
    host = (target.hostname or "").lower()
    return target.scheme == "https" and any(
        host.endswith(known) if known.startswith(".") else host == known for known in key_hosts
    )


def _names_itself(target: SplitResult, base: SplitResult) -> bool:
    host = (target.hostname or "").lower().removesuffix(".")
    if target.username or target.scheme not in ("http", "https"):
        return False
    return host == base.hostname or host in OWN_NAMES or host.endswith(".localhost") or _is_loopback(host)


def _is_near(host: str) -> bool:
    """This machine, an address of this network, a name that no public server has."""
    host = host.lower().removesuffix(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return (
            _is_loopback(host) or ("." not in host and host.isascii()) or host.endswith((".local", ".internal", ".lan"))
        )


def _is_loopback(host: str) -> bool:
    """In any spelling that a resolver takes: 127.1 and 0 among them, and IPv4 within IPv6."""
    try:
        address = ip_address(host)
    except ValueError:
        try:
            address = ip_address(inet_aton(host))
        except OSError:
            return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _split(url: str) -> SplitResult | None:
    try:
        target = urlsplit(url)
        _ = target.port
    except ValueError:
        return None
    return target


def _at(scheme: str, netloc: str, rest: str) -> str:
    return f"{scheme}://{netloc}{rest}"
