"""Control over HTTP, for tests in other processes; these calls are never recorded."""

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from tests.emulators._wire import Answer

if TYPE_CHECKING:
    from tests.emulators._emulator import Emulator

SETTINGS = ("polls", "latency", "image_bytes", "redirect_to")


async def answer(emulator: "Emulator", request: Request) -> Answer:
    """Serve `/_emulator/{fault,clear,reset,settings,log}`."""
    body: dict[str, Any] = await request.json() if request.method == "POST" and await request.body() else {}
    try:
        match request.method, request.url.path.removeprefix("/_emulator/"):
            case "POST", "fault":
                emulator.fault(**body)
            case "POST", "clear":
                emulator.clear()
            case "POST", "reset":
                emulator.reset()
            case "POST", "settings":
                _set(emulator, body)
            case "GET", "log":
                return Answer(200, {"name": emulator.name, **emulator.log.summary()})
            case _:
                return Answer(404, {"error": "fault, clear, reset and settings by POST; log by GET"})
    except (TypeError, ValueError) as error:
        return Answer(400, {"error": str(error)})
    return Answer(200, {"ok": True})


def _set(emulator: "Emulator", settings: dict[str, Any]) -> None:
    unknown = settings.keys() - set(SETTINGS)
    if unknown:
        raise ValueError(f"no setting {sorted(unknown)}; there are {SETTINGS}")
    for name, value in settings.items():
        setattr(emulator, name, value)
