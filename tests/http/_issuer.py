"""An identity provider of the tests' own: published keys, and tokens of every kind, good and bent."""

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.virtual_clock import VirtualClock

ISSUER, AUDIENCE = "https://login.example.org", "https://images.example.org"
HOUR = 3600
EVERYTHING = "openid imgforge:generate imgforge:read"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS: dict[str, tuple[str, Any]] = {
    "one": ("RS256", RSA),
    "curve": ("ES256", ec.generate_private_key(ec.SECP256R1())),
    "edwards": ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
}


class Issuer:
    """An identity provider as far as we see it: its published keys, and the tokens that it gives out."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked = 0
        self.published = list(KEYS)
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        keys = [_public(name) for name in self.published]
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"keys": keys}).encode()})

    def token(self, kid: str = "one", key: Any = None, alg: str | None = None, **claims: Any) -> str:
        now = int(self.clock.now().timestamp())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "scope": EVERYTHING, "iat": now, "exp": now + HOUR}
        values = {name: value for name, value in {**said, **claims}.items() if value is not None}
        return jwt.encode(values, key or KEYS[kid][1], algorithm=alg or KEYS[kid][0], headers={"kid": kid})

    @property
    def settings(self) -> dict[str, str]:
        return {
            "IMGFORGE_JWT_ISSUER": ISSUER,
            "IMGFORGE_JWT_AUDIENCE": AUDIENCE,
            "IMGFORGE_JWT_JWKS_URL": f"{self.url}/jwks",
        }


def _public(name: str) -> dict[str, Any]:
    algorithm, key = KEYS[name]
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": name, "alg": algorithm, "use": "sig"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def unsigned(issuer: Issuer) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    return f"{head}.{issuer.token().split('.')[1]}."
