"""The picture in a chat: the App in a sandbox of the reference bridge, over the official client and a real server."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser._host import EVERYTHING, bundled, open_host
from tests.e2e._program import Server

ASKED = {"prompt": "a red fox in snow", "width": 320, "height": 320}
Show = Callable[..., Any]


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory, browser: object) -> str:
    return bundled(tmp_path_factory.mktemp("host"))


@pytest.fixture
def show(server: Server, visit: Show, script: str) -> Show:
    """A chat host's window at the server's own origin; `capabilities` is what it offers to the App."""

    def come(*, capabilities: dict[str, Any], declares: bool = True, theme: str = "light", **options: Any) -> Any:
        said = {"capabilities": capabilities, "declares": declares, "theme": theme, "arguments": ASKED}
        page = visit(f"{server.base_url}/health", **options)
        open_host(page, server.base_url, script, said)
        return page

    return come


def noted(page: Any) -> Any:
    return page.evaluate("() => window.noted")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [340, 900])
def test_a_picture_is_shown_varied_edited_bettered_and_saved_in_the_chat(theme: str, width: int, show: Show) -> None:
    page = show(capabilities=EVERYTHING, theme=theme, viewport={"width": width, "height": 1000}, color_scheme=theme)
    app = page.frame_locator("#app")
    app.locator("#picture[src^='data:image']").wait_for()
    app.locator("#prompt", has_text="a red fox in snow").wait_for()
    app.locator("#facts", has_text="local/illustrator").wait_for()
    app.locator("#vary").click()
    app.locator("#variants li").nth(1).wait_for()
    app.locator("#change").fill("make it night")
    app.locator("#edit button").click()
    app.locator("#variants li").nth(2).wait_for()
    app.locator("#again").click()
    app.locator("#variants li").nth(3).wait_for()
    app.locator("#variants button").first.click()
    app.locator("#save").click()
    page.locator("body[data-waiting]").wait_for()
    app.locator("#full").click()
    app.locator("#picture[src^='data:image/png']").wait_for()
    seen = noted(page)
    assert [call["name"] for call in seen["calls"]] == ["generate_image", "edit_image", "edit_image"]
    assert seen["calls"][0]["arguments"]["seed"] >= 0
    assert seen["calls"][2]["arguments"]["quality_tier"] == "premium"
    [[saved]] = seen["downloads"]
    assert saved["resource"]["mimeType"] == "image/png"
    assert len(seen["contexts"]) == 3
    assert app.locator("html").evaluate("element => element.scrollWidth") <= width


def test_what_the_host_does_not_offer_is_not_shown(show: Show) -> None:
    page = show(capabilities={})
    app = page.frame_locator("#app")
    app.locator("#picture[src^='data:image']").wait_for()
    assert app.locator("#actions button:visible, #edit:visible").count() == 0


def test_a_host_that_does_not_declare_it_is_not_told_of_the_app(show: Show) -> None:
    page = show(capabilities=EVERYTHING, declares=False)
    page.locator("body[data-asked]").wait_for()
    assert noted(page)["uri"] is None
