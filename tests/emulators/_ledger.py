"""What each provider's bill says for the orders that it accepted: by the prices of its own pages, apart from ours."""

import math
from collections.abc import Callable, Mapping

from tests.emulators import bfl, openrouter, recraft, together
from tests.emulators._emulator import Emulator
from tests.emulators._wire import Order

Rate = Callable[[Order], float]
"""US dollars for an order, all of its pictures."""

GOOGLE = {"lite": (0.25, 30.0), "nano": (1.5, 30.0), "pro": (2.0, 120.0)}
"""US dollars for a million tokens in and drawn."""
IDEOGRAM = {"TURBO": 0.03, "DEFAULT": 0.06, "QUALITY": 0.10}
IDEOGRAM_CHARACTER = {"TURBO": 0.10, "DEFAULT": 0.15, "QUALITY": 0.20}
POLLINATIONS = {"klein": 0.005, "dreamshaper": 0.0001, "flux": 0.002}
REPLICATE = {
    "flux-schnell": 0.003,
    "flux-dev": 0.025,
    "recraft-crisp-upscale": 0.006,
    "recraft-remove-background": 0.01,
}
STABILITY = {"core": 0.03, "ultra": 0.08, "background": 0.05, "fast": 0.02, "outpaint": 0.04}
CREDITS = {"draft": 1, "standard": 2, "premium": 5, "ultra": 10, "ultra_plus": 20}


def _free(order: Order) -> float:
    return 0.0


def _bfl(order: Order) -> float:
    return bfl.MODELS[order.model][1] * 0.01


def _cloudflare(order: Order) -> float:
    """FLUX.2 klein 4B: by started tiles of 512 pixels."""
    return 0.000287 * math.ceil(order.width / 512) * math.ceil(order.height / 512)


def _fal(order: Order) -> float:
    """FLUX.2 klein 9B and the upscaler: by started megapixels of 1024x1024."""
    if order.model.endswith(("remove-background", "vectorize")):
        return 0.01
    rate = 0.03 if order.model.endswith("upscaler") else 0.006
    return rate * max(1, math.ceil(order.width * order.height / 2**20)) * order.number


def _gemini(order: Order) -> float:
    told, drawn = next(rates for name, rates in GOOGLE.items() if name in order.model)
    return (8 * told + 1290 * drawn) / 1e6


def _huggingface(order: Order) -> float:
    """By the second of its machine: some ten of them."""
    return 10 * 0.00012


def _ideogram(order: Order) -> float:
    if order.model == "remove-background":
        return 0.01
    rates = IDEOGRAM_CHARACTER if order.model.endswith("character") else IDEOGRAM
    return rates[order.body["rendering_speed"]] * order.number


def _imgforge(order: Order) -> float:
    return CREDITS[order.body["quality_tier"]] * 0.025


def _openai(order: Order) -> float:
    return (12 * 5 + 196 * 30) / 1e6


def _openrouter(order: Order) -> float:
    return openrouter.price(order)


def _pollinations(order: Order) -> float:
    return POLLINATIONS[order.model] * order.number


def _recraft(order: Order) -> float:
    return recraft.units(order) * 0.001


def _replicate(order: Order) -> float:
    return REPLICATE[order.model.rpartition("/")[2]] * order.number


def _stability(order: Order) -> float:
    return STABILITY[order.model.rpartition("-")[2]]


def _together(order: Order) -> float:
    """By the megapixel, and in proportion to the steps where there are more than usual; what is a maker's, where that
    begins."""
    if order.model in together.BEGINS_AT:
        return together.BEGINS_AT[order.model] * order.number
    price, usual = together.BY_MEGAPIXEL[order.model]
    steps = int(order.body.get("steps", usual))
    more = max(1.0, steps / usual) if usual else 1.0
    return price * order.width * order.height / 1e6 * more * order.number


RATES: Mapping[str, Rate] = {
    **dict.fromkeys(("a1111", "comfyui", "nvidia"), _free),
    "bfl": _bfl,
    "cloudflare": _cloudflare,
    "fal": _fal,
    "gemini": _gemini,
    "huggingface": _huggingface,
    "ideogram": _ideogram,
    "imgforge": _imgforge,
    "openai": _openai,
    "openrouter": _openrouter,
    "pollinations": _pollinations,
    "recraft": _recraft,
    "replicate": _replicate,
    "stability": _stability,
    "together": _together,
}


def charged(emulator: Emulator) -> float:
    """US dollars for everything that it accepted."""
    return sum(RATES[emulator.name](order) * order.share for order in emulator.orders)
