"""Whether anything from outside leads into a network of its user's: `python -m tests.faults.canaries`.

It runs in a network namespace of its own (`unshare`, root), where reserved addresses and one public one stand on the
loopback device. A canary listens on many ports of all of them and records each TCP connection, which is more than a
request: nothing may even connect. Names are answered by a server that changes its mind (rebinding). Every address is
tried as a caller's reference, as a redirect from a public host and as the picture of a provider. Ends with 1 if a
canary heard anything.
"""

import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import anyio
import trustme
import uvicorn
from mcp.client import Client
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from imgforge_mcp import create_server, open_forge
from imgforge_mcp.base.config import load_config
from tests.answers import told
from tests.emulators._emulator import Message, Receive, Send
from tests.emulators._picture import Picture, draw
from tests.emulators._wire import Call
from tests.emulators.ideogram import Ideogram
from tests.virtual_clock import VirtualClock

INSIDE = "IMGFORGE_TEST_NAMESPACE"
PUBLIC = "93.184.216.34"
"""Stands for the whole internet: names end here, and pictures are handed out from here."""
RESERVED = (
    *("169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    *("198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "::7f00:1"),
    *("fec0::1", "fd00:ec2::254", "fe80::1", "2001:db8::1", "2001::1", "3fff::1", "ff02::1"),
)
PORTS = (22, 80, 443, 3000, 6379, 8080)
TARGETS = ("127.0.0.1", "169.254.169.254")
HOUR = 3600.0
"""After which a provider whose pictures were refused is asked again."""


def main() -> int:
    if INSIDE not in os.environ:
        words = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.faults.canaries", *sys.argv[1:]]
        return subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False).returncode
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _prepare_network(folder)
        canary = stack.enter_context(Canary.listening())
        stack.enter_context(answering_names())
        internet = Internet(folder)
        stack.enter_context(internet.serving())
        canary.prove()
        outcomes = anyio.run(_try_all, folder, internet)
    for (entry, outcome), number in sorted(outcomes.items()):
        sys.stdout.write(f"{entry:12} {outcome:24} {number:5}\n")
    for address, port in canary.heard:
        sys.stdout.write(f"a connection reached {address} port {port}\n")
    sys.stdout.write(f"{outcomes.total()} addresses, {len(canary.heard)} connections\n")
    return 1 if canary.heard or not outcomes.total() else 0


async def _try_all(folder: Path, internet: "Internet") -> Counter[tuple[str, str]]:
    """What became of each address at each entry."""
    (folder / "config.toml").touch()
    settings = {
        "IMGFORGE_HOME": str(folder / "home"),
        "IMGFORGE_CONFIG": str(folder / "config.toml"),
        "IMGFORGE_OUTPUT_DIRS": str(folder / "out"),
        "SSL_CERT_FILE": str(internet.authority),
        "IDEOGRAM_API_KEY": internet.ideogram.key,
        "IMGFORGE_PREVIEW": "off",
    }
    outcomes: Counter[tuple[str, str]] = Counter()
    clock = VirtualClock()
    async with open_forge(load_config(settings), clock) as forge, Client(create_server(forge)) as client:

        async def ends(url: str) -> list[str]:
            """How it goes as a reference, as a redirect and as a provider's picture."""
            clock.advance(HOUR)
            internet.ideogram.picture_url = url
            redirected = f"https://pictures.public.test/go?to={quote(url, safe='')}"
            edits = [{"prompt": "make it blue", "provider": "local", "image": image} for image in (url, redirected)]
            drawn = {"prompt": f"fox {url}", "provider": "ideogram"}
            answers = [await client.call_tool("edit_image", edit) for edit in edits]
            answers.append(await client.call_tool("generate_image", drawn))
            return [str(told(answer).get("code", "taken")) for answer in answers]

        assert await ends("https://pictures.public.test/picture.png") == ["taken"] * 3, "a public address is asked"
        for url in addresses():
            outcomes.update(zip(("reference", "redirect", "picture"), await ends(url), strict=True))
    return outcomes


# What is tried ------------------------------------------------------------------------------------------------------


def addresses() -> list[str]:
    """Spellings, ranges, names, schemes and ports (MATRIX F1 to F7)."""
    return list(dict.fromkeys([*_spelled(), *_ranges(), *_named(), *_schemes(), *_ports()]))


def _spelled() -> Iterator[str]:
    """Two addresses in every way that some parser takes."""
    for dotted in TARGETS:
        a, b, c, d = (int(part) for part in dotted.split("."))
        whole = int(ip_address(dotted))
        hosts = [
            *(dotted, f"{dotted}.", f"{whole}", f"{whole:#x}", f"{whole:#o}", f"0{whole:o}"),
            *(f"{a}.{b * 65536 + c * 256 + d}", f"{a}.{b}.{c * 256 + d}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}"),
            *(f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:04o}.{b}.{c}.{d:#x}", f"00{a}.{b}.{c}.{d}"),
            *(dotted.replace(".", "\N{IDEOGRAPHIC FULL STOP}"), dotted.replace(".", "\N{FULLWIDTH FULL STOP}")),
            dotted.translate({ord("0") + digit: ord("\N{FULLWIDTH DIGIT ZERO}") + digit for digit in range(10)}),
            dotted.replace("1", "\N{CIRCLED DIGIT ONE}"),
            *(dotted.replace(".", "%2e"), f"%{ord(dotted[0]):x}{dotted[1:]}"),
            *(
                f"[::ffff:{dotted}]",
                f"[::{dotted}]",
                f"[64:ff9b::{dotted}]",
                f"[::ffff:{a * 256 + b:x}:{c * 256 + d:x}]",
            ),
            *(f"user@{dotted}", f"pictures.public.test@{dotted}", f"{dotted}\\@pictures.public.test"),
            *(f"{dotted}#@pictures.public.test", f"pictures.public.test%40{dotted}", f"[{dotted}]"),
            *(f"[fe80::1%25lo]:80@{dotted}", f" {dotted}", f"{dotted}\t", f"\u200b{dotted}"),
        ]
        for host in hosts:
            yield f"https://{host}/picture.png"
            yield f"http://{host}/picture.png"


def _ranges() -> Iterator[str]:
    for address in (*RESERVED, "0.0.0.0", "127.1.2.3", "255.255.255.255", "::1", "::", "::ffff:10.0.0.1"):
        host = f"[{address}]" if ":" in address else address
        yield f"https://{host}/picture.png"
        yield f"http://{host}:8080/picture.png"


def _named() -> Iterator[str]:
    """Names that lead inside, wholly, in part, or the second time they are asked."""
    private = [address for address in RESERVED if ":" not in address]
    yield from (f"https://to-{address.replace('.', '-')}.test/picture.png" for address in private)
    yield from (f"https://mixed-{address.replace('.', '-')}.test/picture.png" for address in private[:4])
    yield from (f"https://rebind-{number}-169-254-169-254.public.test/picture.png" for number in range(6))
    yield from (f"https://{name}/picture.png" for name in ("localhost", "LOCALHOST", "localhost.", "x.localhost"))


def _schemes() -> Iterator[str]:
    """Other schemes; a file of this machine is no address, and refused by other rules."""
    for scheme in ("ftp", "gopher", "blob", "javascript", "smb", "unix", "jar", "dict", "ws", "wss", "ldap", "HTTP"):
        yield f"{scheme}://169.254.169.254/picture.png"
    yield from ("http:/169.254.169.254/x", "https:169.254.169.254/x", "//169.254.169.254/x", "https:///169.254.169.254")


def _ports() -> Iterator[str]:
    for port in ("0", "22", "80", "6379", "65536", "-1", "80:80", "+443", "4 43"):
        yield f"https://127.0.0.1:{port}/picture.png"
        yield f"https://to-10-0-0-1.test:{port}/picture.png"


# The network --------------------------------------------------------------------------------------------------------


def _prepare_network(folder: Path) -> None:
    """Put every address on the loopback device, and let names be answered by this process."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (PUBLIC, *RESERVED):
        size = "128" if ":" in address else "32"
        subprocess.run(["ip", "addr", "add", f"{address}/{size}", "dev", "lo"], check=False, capture_output=True)
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)


class Canary:
    """Listens on all addresses; a connection to any but the public one is a fault."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []
        self._proofs = 0

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator["Canary"]:
        canary = cls()
        with ExitStack() as stack:
            for family, anywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                for port in PORTS:
                    listener = stack.enter_context(_listener(family, anywhere, port))
                    threading.Thread(target=canary._listen, args=(listener,), daemon=True).start()
            yield canary

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            address, port = connection.getsockname()[:2]
            connection.close()
            if address.removeprefix("::ffff:") != PUBLIC:
                self.heard.append((address, port))

    def prove(self) -> None:
        """That it would hear: one connection to each address, by hand, which is then forgotten."""
        for address in RESERVED:
            if address.startswith(("224.", "240.", "ff", "fe80")):
                continue
            socket.create_connection((address, 80), 5).close()
            self._proofs += 1
        deadline = threading.Event()
        while len(self.heard) < self._proofs:
            assert not deadline.wait(0.01), self.heard
        self.heard.clear()


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


@contextmanager
def answering_names() -> Iterator[None]:
    """A name server: `to-…` is inside, `mixed-…` both, `rebind-…` public once and inside from then on, all else
    public."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    asked: Counter[str] = Counter()

    def addresses_of(name: str) -> list[str]:
        first, _, rest = name.partition("-")
        inside = ".".join(rest.partition(".")[0].split("-")[-4:])
        if first == "to":
            return [inside]
        if first == "mixed":
            return [PUBLIC, inside]
        if first == "rebind":
            asked[name] += 1
            return [PUBLIC if asked[name] == 1 else inside]
        return [PUBLIC]

    def answer() -> None:
        while True:
            try:
                query, sender = server.recvfrom(512)
            except OSError:
                return
            labels, at = [], 12
            while size := query[at]:
                labels.append(query[at + 1 : at + 1 + size].decode("ascii", "replace"))
                at += 1 + size
            is_v4 = struct.unpack("!H", query[at + 1 : at + 3])[0] == 1
            found = addresses_of(".".join(labels).lower()) if is_v4 else []
            records = b"".join(
                b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address) for address in found
            )
            header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
            server.sendto(header + query[12 : at + 5] + records, sender)

    threading.Thread(target=answer, daemon=True).start()
    with server:
        yield


class Leading(Ideogram):
    """Every picture is at `picture_url`."""

    name = "ideogram"
    picture_url = ""

    def publish(self, call: Call, picture: Picture) -> str:
        return self.picture_url


class Internet:
    """All public hosts in one: a provider, and a host that leads wherever it is told to."""

    def __init__(self, folder: Path) -> None:
        self.ideogram = Leading()
        self._picture = draw("a fox", 64, 64).data
        certificates = trustme.CA()
        self.authority = folder / "authority.pem"
        certificates.cert_pem.write_to_path(self.authority)
        self._chain = folder / "host.pem"
        certificates.issue_cert("api.ideogram.ai", "*.public.test").private_key_and_cert_chain_pem.write_to_path(
            self._chain
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/go":
            await RedirectResponse(Request(scope).query_params["to"])(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/picture.png":
            await Response(self._picture, media_type="image/png")(scope, receive, send)
        elif scope["type"] == "http":
            await self.ideogram(scope, receive, send)

    @contextmanager
    def serving(self) -> Iterator[None]:
        config = uvicorn.Config(self, lifespan="off", log_config=None, ssl_certfile=self._chain)
        server = uvicorn.Server(config)
        listener = _listener(socket.AF_INET, PUBLIC, 443)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with socket.create_connection((PUBLIC, 443), 10) as plain:
            context = ssl.create_default_context(cafile=str(self.authority))
            context.wrap_socket(plain, server_hostname="api.ideogram.ai").close()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(10)


if __name__ == "__main__":
    sys.exit(main())
