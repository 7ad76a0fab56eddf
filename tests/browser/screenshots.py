"""`python -m tests.browser.screenshots FOLDER` draws pictures and takes the page: narrow, wide, light, dark."""

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser._host import EVERYTHING, bundled, open_host
from tests.e2e._program import fresh_account, run, serve

PROMPTS = (
    "a small harbour at dawn, watercolour",
    "two cats on a sofa, watercolour",
    "a red bicycle in front of a bakery",
    "mountains over a lake at dawn, oil painting",
    "a fox in fresh snow",
    "a lighthouse on a cliff at sunset",
)
WAITING_MS = 120_000
VIEWS = (("wide", 1280, 860), ("narrow", 390, 844))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        account = fresh_account(Path(name), IMGFORGE_HOME=str(Path(name) / "home"))
        for prompt in PROMPTS:
            run(account, "generate", prompt, "--size", "768x768")
        program = shutil.which("chromium") or "chromium"
        script = bundled(Path(name))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with serve(account) as server:
            for scheme in ("light", "dark"):
                for view, width, height in VIEWS:
                    _take(browser, server.base_url, folder, scheme, view, width, height)
                    _take_app(browser, server.base_url, script, folder / f"app-{scheme}-{view}.png", scheme, width)
        browser.close()


def _take(browser: Browser, url: str, folder: Path, scheme: str, view: str, width: int, height: int) -> None:
    dark = scheme == "dark"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.goto(url)
    page.locator(".card.completed img").nth(3).wait_for(timeout=WAITING_MS)
    page.wait_for_load_state("networkidle")
    _save(page, folder / f"page-{scheme}-{view}.png")
    page.locator(".card.completed a.open").first.click()
    page.locator("figure img").wait_for(timeout=WAITING_MS)
    _save(page, folder / f"picture-{scheme}-{view}.png")
    page.goto(f"{url}/page/usage")
    _save(page, folder / f"usage-{scheme}-{view}.png")
    context.close()


def _take_app(browser: Browser, url: str, script: str, path: Path, scheme: str, width: int) -> None:
    """The picture in a chat: drawn, and edited there."""
    context = browser.new_context(viewport={"width": min(width, 720), "height": 800})
    page = context.new_page()
    arguments = {"prompt": "a red fox in snow", "width": 512, "height": 512}
    open_host(
        page, url, script, {"capabilities": EVERYTHING, "declares": True, "theme": scheme, "arguments": arguments}
    )
    app = page.frame_locator("#app")
    app.locator("#picture[src^='data:image']").wait_for(timeout=WAITING_MS)
    app.locator("#change").fill("make it night")
    app.locator("#edit button").click()
    app.locator("#variants li").nth(1).wait_for(timeout=WAITING_MS)
    _save(page, path)
    context.close()


def _save(page: Page, path: Path) -> None:
    """As a PNG of few colours: a quarter of the bytes, and still sharp."""
    page.screenshot(path=path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
