"""`python -m tests.browser.screenshots FOLDER` draws pictures and takes the page and the picture in a chat
(narrow, wide, light, dark), and the terminal at 80 columns."""

import html
import shutil
import subprocess
import sys
import tempfile
import time
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
TYPED = ("draw a red fox in snow --size 512x512", "jobs --limit 3", "models flux-2-pro", "generat a fox")
"""What is typed at the terminal, after the program's name."""
COLUMNS, ROWS, LONGEST = 80, 31, 60.0
TERMINAL = """<!doctype html><meta charset="utf-8"><style>
body{margin:0;background:#1d1f21}pre{margin:0;padding:18px 22px;width:max-content;color:#d7dadc;
font:15px/1.4 "DejaVu Sans Mono",monospace}b{color:#8abeb7;font-weight:600}</style><pre>"""
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
        _take_terminal(browser, account, folder / "terminal.png")
        browser.close()


def _take_terminal(browser: Browser, account: dict[str, str], path: Path) -> None:
    """What a person types and is answered, in tmux, which is as wide as it is told."""
    socket = ["tmux", "-L", "imgforge-screenshots", "-f", "/dev/null"]
    start = ["new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "env PS1='$ ' sh"]
    subprocess.run([*socket, *start], env={**account, "TERM": "xterm-256color"}, check=True)
    try:
        for line in TYPED:
            before = _prompts(socket)
            subprocess.run([*socket, "send-keys", f"imgforge-mcp {line}", "Enter"], check=True)
            until = time.monotonic() + LONGEST
            while _prompts(socket) <= before and time.monotonic() < until:
                time.sleep(0.1)
        shown = [html.escape(line.replace(account["HOME"], "/home/you")) for line in _screen(socket)]
    finally:
        subprocess.run([*socket, "kill-server"], check=False)
    text = "\n".join(f"<b>{line}</b>" if line.startswith("$ ") else line for line in shown)
    page = browser.new_context(viewport={"width": 780, "height": 100}, device_scale_factor=2).new_page()
    page.set_content(f"{TERMINAL}{text}</pre>")
    page.locator("pre").screenshot(path=path)
    _of_few_colours(path)


def _screen(socket: list[str]) -> list[str]:
    """All lines so far but the last prompt, those that have gone off the top too."""
    shown = subprocess.run([*socket, "capture-pane", "-p", "-S", "-"], capture_output=True, text=True, check=True)
    return shown.stdout.rstrip().splitlines()[:-1]


def _prompts(socket: list[str]) -> int:
    shown = subprocess.run([*socket, "capture-pane", "-p", "-S", "-"], capture_output=True, text=True, check=True)
    return sum(line.startswith("$") for line in shown.stdout.splitlines())


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
    context = browser.new_context(
        viewport={"width": min(width, 720), "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
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
    page.locator("#app").screenshot(path=path)
    _of_few_colours(path)
    context.close()


def _save(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    _of_few_colours(path)


def _of_few_colours(path: Path) -> None:
    """A quarter of the bytes, and still sharp."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
