"""A browser, if there is one; a server of its own for each test; and an ear for what the browser complains about."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e._program import Server, fresh_account, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEEDS = "the page in a browser needs Chromium and Playwright: apt-get install chromium, pip install -e '.[browser]'"
PATIENCE_MS = 60_000
"""How long the browser waits for what should appear; an upper bound, not a pause."""


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Skips where there is none, but for IMGFORGE_TEST_BROWSER=required, as CI sets it."""
    program = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        if os.environ.get("IMGFORGE_TEST_BROWSER") == "required":
            pytest.fail(NEEDS)
        pytest.skip(NEEDS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def account(tmp_path: Path) -> dict[str, str]:
    return fresh_account(tmp_path / "somebody", IMGFORGE_HOME=str(tmp_path / "home"))


@pytest.fixture
def server(account: dict[str, str]) -> Iterator[Server]:
    with serve(account) as running:
        yield running


@pytest.fixture
def visit(browser: "Browser") -> "Iterator[Callable[..., Page]]":
    """A visitor with cookies of its own; at the end no visitor's browser may have complained."""
    complaints: list[str] = []
    contexts = []

    def come(url: str, **options: Any) -> "Page":
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(url)
        return page

    yield come
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(message: Any) -> bool:
    """An answer that is an error is an answer; a script that fails, or a policy that is broken, is none."""
    return message.type in ("error", "warning") and not message.text.startswith("Failed to load resource")
