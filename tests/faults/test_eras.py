"""Both eras of the protocol on one pipe: asking what there is decides nothing."""

import sys
from pathlib import Path
from typing import Any

import pytest
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

from tests.faults._processes import Child

pytestmark = [pytest.mark.long, pytest.mark.skipif(sys.platform == "win32", reason="the child is read as a POSIX pipe")]

ENVELOPE: dict[str, Any] = {
    "_meta": {
        PROTOCOL_VERSION_META_KEY: "2026-07-28",
        CLIENT_INFO_META_KEY: {"name": "copilot-cli", "version": "1.0"},
        CLIENT_CAPABILITIES_META_KEY: {},
    }
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config.toml").touch()
    return {"IMGFORGE_HOME": str(tmp_path / "home"), "IMGFORGE_CONFIG": str(tmp_path / "config.toml")}


def tools(answer: dict[str, Any]) -> set[str]:
    return {tool["name"] for tool in answer["result"]["tools"]}


@pytest.mark.parametrize("times", [1, 3])
def test_a_client_that_discovered_may_still_greet(times: int, settings: dict[str, str]) -> None:
    with Child(settings) as child:
        for _ in range(times):
            discovered = child.ask("server/discover", ENVELOPE)
            assert "2026-07-28" in discovered["result"]["supportedVersions"]
        child.greet()
        assert "generate_image" in tools(child.ask("tools/list"))


def test_a_client_that_greets_before_the_answer_is_there_has_its_tools(settings: dict[str, str]) -> None:
    with Child(settings) as child:
        asked = child.send("server/discover", ENVELOPE)
        child.greet()
        assert "result" in child.answer(asked)
        assert "generate_image" in tools(child.ask("tools/list"))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        pytest.param("ping", {}, id="it pings"),
        pytest.param("tools/list", {}, id="it asks before it greets"),
        pytest.param("server/discover", {}, id="it says nothing of itself"),
        pytest.param(
            "server/discover",
            {"_meta": {**ENVELOPE["_meta"], PROTOCOL_VERSION_META_KEY: "2099-01-01"}},
            id="it is of a later time",
        ),
    ],
)
def test_a_client_that_discovered_may_still_greet_after_what_was_refused(
    method: str, params: dict[str, Any], settings: dict[str, str]
) -> None:
    with Child(settings) as child:
        child.ask("server/discover", ENVELOPE)
        assert child.ask(method, params).keys() >= {"id"}
        child.greet()
        assert "generate_image" in tools(child.ask("tools/list"))


def test_a_client_that_discovered_may_go_on_in_the_new_era(settings: dict[str, str]) -> None:
    with Child(settings) as child:
        child.ask("server/discover", ENVELOPE)
        assert "generate_image" in tools(child.ask("tools/list", ENVELOPE))
        assert "result" in child.ask("server/discover", ENVELOPE)
        assert child.ask("initialize", {"protocolVersion": "2025-11-25"})["error"]["code"] == -32022


def test_a_client_that_greeted_may_discover(settings: dict[str, str]) -> None:
    with Child(settings) as child:
        child.greet()
        assert "result" in child.ask("server/discover", ENVELOPE)
        assert "generate_image" in tools(child.ask("tools/list"))
