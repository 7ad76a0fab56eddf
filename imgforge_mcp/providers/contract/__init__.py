"""The provider contract: what a provider declares, and the plain values that pass between it and the driver.

A provider is pure. It says which request to send (`submit`), reads what came back (`parse`), and never waits, fetches
or looks at a clock; the driver does that for all of them.
"""

from imgforge_mcp.catalog.model import ModelSpec, Price, Sizing
from imgforge_mcp.local.composition import Composition
from imgforge_mcp.local.models.rendering import Rendering
from imgforge_mcp.media import InputImage
from imgforge_mcp.net.exchange import Outgoing, Part
from imgforge_mcp.providers.contract.exchange import Alteration, Images, Operation, Picture, Reply, Request, Told
from imgforge_mcp.providers.contract.manifest import Auth, Billing, Manifest
from imgforge_mcp.providers.contract.provider import DirectProvider, Provider
from imgforge_mcp.routing.call import Call

__all__ = [
    "Alteration",
    "Auth",
    "Billing",
    "Call",
    "Composition",
    "DirectProvider",
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
    "Rendering",
    "Reply",
    "Request",
    "Sizing",
    "Told",
]
