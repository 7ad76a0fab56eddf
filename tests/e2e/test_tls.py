"""`serve --tls-cert --tls-key`: by TLS alone, and with nothing that could not be right."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e import _program
from tests.e2e._program import Server, serve

pytestmark = pytest.mark.long

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key, which its owner alone can read."""
    folder = tmp_path_factory.mktemp("pair")
    cert, key = folder / "cert.pem", folder / "key.pem"
    issued = AUTHORITY.issue_cert("127.0.0.1", "localhost")
    cert.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    key.chmod(0o600)
    return cert, key


@pytest.fixture(scope="module", params=["1", "2"])
def closed(request: pytest.FixtureRequest, account: dict[str, str], pair: tuple[Path, Path]) -> Iterator[Server]:
    with serve(
        account, "--tls-cert", str(pair[0]), "--tls-key", str(pair[1]), "--workers", str(request.param)
    ) as server:
        yield server


def test_it_answers_by_tls_and_leads_to_itself_by_it(closed: Server) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    assert closed.base_url.startswith("https://")
    with httpx.Client(base_url=closed.base_url, verify=context, timeout=60) as client:
        assert client.get("/health").status_code == 200
        drawn = client.post("/v2/generate", json={"prompt": "a lake", "width": 64, "height": 64, "sync": True}).json()
        assert drawn["asset_url"].startswith((f"{closed.base_url}/v2/assets/", "/v2/assets/"))
        assert client.get(drawn["asset_url"]).status_code == 200


def test_nothing_is_answered_without_tls_or_to_who_does_not_trust_it(closed: Server) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(closed.base_url.replace("https://", "http://") + "/health", timeout=60)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{closed.base_url}/health", timeout=60)


def encrypted(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    secret = serialization.BestAvailableEncryption(b"a passphrase")
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("half a pair", "go together"),
        ("no file", "there is no file"),
        ("readable by others", "chmod 600"),
        ("no certificate", "both PEM"),
        ("a key of another", "both PEM"),
        ("a passphrase", "without a passphrase"),
    ],
)
def test_a_pair_that_cannot_be_used_is_said_before_anything_listens(
    kind: str, words: str, account: dict[str, str], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = pair
    own = tmp_path / "key.pem"
    match kind:
        case "no file":
            own = tmp_path / "missing.pem"
        case "no certificate":
            own.write_bytes(key.read_bytes())
            cert = tmp_path / "cert.pem"
            cert.write_text("no certificate")
        case "a key of another":
            own.write_bytes(AUTHORITY.issue_cert("localhost").private_key_pem.bytes())
        case "a passphrase":
            encrypted(own)
        case _:
            own.write_bytes(key.read_bytes())
    if own.exists():
        own.chmod(0o644 if kind == "readable by others" else 0o600)
    pairing = ["--tls-cert", str(cert), *([] if kind == "half a pair" else ["--tls-key", str(own)])]
    answer = _program.run(account, "serve", "--port", "0", *pairing)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert words in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
