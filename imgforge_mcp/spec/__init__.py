"""The provider contract: what a provider declares, and the plain values that pass between it and the runner.

A provider is pure. It says which request to send (`submit`), reads what came back (`parse`), and never waits, fetches
or looks at a clock; the runner does that for all of them.
"""

from imgforge_mcp.spec.exchange import (
    Call,
    Images,
    InputImage,
    Operation,
    Outgoing,
    Part,
    Picture,
    Reply,
    Request,
    Work,
)
from imgforge_mcp.spec.model import Auth, Manifest, ModelSpec, Price, Sizing
from imgforge_mcp.spec.provider import Provider
from imgforge_mcp.spec.reading import decode_base64, error_text, failure_by_status, ids_of, listed, quoted

__all__ = [
    "Auth",
    "Call",
    "Images",
    "InputImage",
    "Manifest",
    "ModelSpec",
    "Operation",
    "Outgoing",
    "Part",
    "Picture",
    "Price",
    "Provider",
    "Reply",
    "Request",
    "Sizing",
    "Work",
    "decode_base64",
    "error_text",
    "failure_by_status",
    "ids_of",
    "listed",
    "quoted",
]
