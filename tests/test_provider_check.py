"""The script that compares real services with the emulators, with an emulator in the part of the service."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from imgforge_mcp.providers.configured import all_providers
from tests import emulators
from tests.emulators import Emulator
from tests.emulators._wire import Answer
from tests.provider_check import fields, main, questions, shape_of

Emulate = Callable[..., Emulator]
ASKED = sorted(provider.manifest.name for provider in all_providers() if questions(provider.manifest))


def asked(environment: dict[str, str], *arguments: str) -> tuple[int, list[str]]:
    said: list[str] = []
    return main(list(arguments), environment, said.append), said


@pytest.mark.parametrize("name", [name for name in ASKED if name in emulators.names()])
def test_a_service_that_answers_as_its_emulator_is_sound(
    name: str, emulate: Emulate, environment: dict[str, str]
) -> None:
    emulator = emulate(name)
    code, said = asked({**environment, **emulator.environment()}, name)
    assert code == 0, said
    assert any("as emulated" in line for line in said)
    assert emulator.submits == []
    assert emulator.key not in "\n".join(said)


def test_what_a_service_tells_no_more_and_what_is_new_is_named(
    emulate: Emulate, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulate("openrouter")

    def changed(call: Any) -> Answer:
        return Answer(200, {"data": [{"id": "a/b", "price": 0.1}]})

    routes = [
        (path, door, changed if door.path == "/api/v1/images/models" else act) for path, door, act in emulator._routes
    ]
    monkeypatch.setattr(emulator, "_routes", routes)
    code, said = asked({**environment, **emulator.environment()}, "openrouter")
    assert code == 1
    assert "  - data[].name: text" in said
    assert "  + data[].price: number" in said


def test_a_refused_key_is_told_by_its_status(emulate: Emulate, environment: dict[str, str]) -> None:
    emulator = emulate("together")
    code, said = asked({**environment, **emulator.environment(), "TOGETHER_API_KEY": "a-wrong-key"}, "together")
    assert code == 1
    assert said[0] == "together /v1/models: 401"
    assert "a-wrong-key" not in "\n".join(said)


def test_nobody_to_ask_is_said(environment: dict[str, str]) -> None:
    code, said = asked(environment)
    assert code == 1
    assert "OPENROUTER_API_KEY" in said[0]


def test_a_shape_has_no_values() -> None:
    told = {"id": "secret", "n": 3, "ok": True, "none": None, "list": [{"a": 1}, {"b": "x"}], "empty": []}
    shape = shape_of(told)
    assert "secret" not in json.dumps(shape)
    assert sorted(fields(shape)) == [
        *("empty[]: nothing", "id: text", "list[].a: number", "list[].b: text", "n: number", "none: nothing"),
        "ok: truth",
    ]
    assert shape_of({f"model-{number}": {"price": 1} for number in range(30)}) == {"*": {"price": "number"}}
