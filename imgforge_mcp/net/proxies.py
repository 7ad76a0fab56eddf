"""Which proxy a request takes: the configuration's, else the environment's, none for what is near.

A proxy resolves names itself, so behind one only the address as written can be checked (`may_be_asked`): literal
addresses must be public, names must be whole and of the public kind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from imgforge_mcp.base.errors import Unavailable
from imgforge_mcp.net.addresses import is_public

PARTED = re.compile(r"[\s,;|]+")
EDGES = re.compile(r"^https?://|[./]+$")
"""What is no part of a host in a list of exceptions."""
NO_PROXY_AT_ALL = ("off", "none", "direct", "direct://", "false", "0")
NEAR = ("localhost", "local", "internal", "lan", "home", "localdomain", "intranet", "private", "corp")
"""Last labels of names that no public server has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Proxy URLs by scheme (they may hold a password), and the hosts that are asked without one."""

    by_scheme: Mapping[str, str] = field(default_factory=dict, repr=False)
    exceptions: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, own: str | None, environment: Mapping[str, str], private_hosts: tuple[str, ...] = ()) -> "Proxies":
        """`own` is the configuration's: None leaves it to HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, "" means none.
        NO_PROXY counts in any case, with commas, semicolons, bars or spaces; small letters are as good."""

        def said(name: str) -> str:
            return (environment.get(name.lower(), "") or environment.get(name, "")).strip().strip("\"'")

        if own is None:
            found = {scheme: said(f"{scheme.upper()}_PROXY") or said("ALL_PROXY") for scheme in ("http", "https")}
        else:
            found = {"http": own, "https": own}
        exceptions = tuple(EDGES.sub("", part.lower()) for part in PARTED.split(said("NO_PROXY")) if part)
        schemes = {scheme: url for scheme, url in found.items() if url and url.lower() not in NO_PROXY_AT_ALL}
        return cls(by_scheme=schemes, exceptions=exceptions, private_hosts=private_hosts)

    def proxy(self, scheme: str, host: str, port: int | None) -> str | None:
        """The proxy for a host, None where it is asked directly.

        Raises:
            Unavailable: what stands there is no proxy that can be used.
        """
        text = self.by_scheme.get(scheme)
        if not text or _is_near(host) or is_among(host, self.private_hosts) or self._is_excepted(host, port):
            return None
        url = text if "://" in text else f"http://{text}"
        try:
            parts = urlsplit(url)
            is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_usable = False
        if not is_usable:
            raise Unavailable("The proxy that is set is no http or https address; set IMGFORGE_PROXY, or off.")
        return url

    def _is_excepted(self, host: str, port: int | None) -> bool:
        for item in self.exceptions:
            name, _, wanted = item.rpartition(":") if item.count(":") == 1 else (item, "", "")
            if wanted and wanted != str(port):
                continue
            domain = name.removeprefix("*").removeprefix(".")
            if item == "*" or is_among(host, (domain,)) or (domain and host.endswith(f".{domain}")):
                return True
        return False


def is_among(host: str, known: tuple[str, ...]) -> bool:
    """Whether a host is one of these names, or an address in one of these networks."""
    bare = host.strip("[]").lower().rstrip(".")
    if bare in known:
        return True
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return False
    return any(address in network for network in map(_network, known) if network and network.version == address.version)


def may_be_asked(host: str) -> bool:
    """Whether a host, as it is written, may be named to a proxy: a public address, or a whole name that is neither of
    this network nor a number in disguise."""
    bare = host.strip("[]").lower().rstrip(".")
    if is_address(bare):
        return is_public(bare)
    last = bare.rpartition(".")[2]
    return "." in bare and last not in NEAR and not last[:1].isdigit() and bare.isascii()


def _is_near(host: str) -> bool:
    """This machine, an address of this network, a name without a dot."""
    bare = host.strip("[]").lower().rstrip(".")
    if is_address(bare):
        return not is_public(bare)
    return "." not in bare or bare.endswith(".localhost")


def is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
