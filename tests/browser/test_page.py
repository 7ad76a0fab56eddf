"""The page in a real browser: a person's afternoon, keys and tenants, the keyboard alone, a screen reader's rules."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.benchmarks.registry import fill
from tests.e2e._program import Server, run, serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., Any]
MANY = 100_000
NASTY = "<img src=x onerror=alert(1)><script>alert(2)</script>"
DRAWN = ".card.completed"


def draw(page: "Page", prompt: str) -> str:
    """Draw by the form; the id of the job once its card is there with the picture."""
    page.fill("#prompt", prompt)
    page.click("#make .primary")
    card = page.locator(DRAWN, has_text=prompt).first
    card.wait_for()
    return str(card.get_attribute("data-job"))


def test_a_person_draws_watches_edits_finds_among_a_hundred_thousand_and_deletes(
    account: dict[str, str], visit: Visit
) -> None:
    assert run(account, "jobs").returncode == 0  # makes the registry
    fill(Path(account["IMGFORGE_HOME"]) / "registry.db", MANY)
    with serve(account) as server:
        page = visit(server.base_url)
        page.fill("#prompt", "a lighthouse on a cliff at sunset")
        page.locator("#price", has_text="free").wait_for()
        page.click("#make .primary")
        page.locator(".card progress").first.wait_for()
        card = page.locator(DRAWN, has_text="a lighthouse on a cliff").first
        card.locator("img").wait_for()
        card.locator("a.open").click()
        page.fill("#edit", "make it night")
        page.click("button[value=edit]")
        page.locator(".picture h1", has_text="make it night").wait_for()
        page.locator("figure img").wait_for()
        page.locator("h2", has_text="Made from").wait_for()
        page.select_option("select[name=operation]", "crop")
        page.fill("input[name=size]", "1:1")
        page.click("button[value=transform]")
        page.locator(".picture h1", has_text="crop to 1:1").wait_for()
        page.goto(server.base_url)
        page.fill("#q", "lighthouse")
        page.keyboard.press("Enter")
        page.locator("a.button", has_text="All").wait_for()
        assert page.locator(".card").count() == 1
        page.locator(".card a.open").click()
        page.locator("summary", has_text="Delete").click()
        page.click("text=Delete for good")
        page.locator(".tombstone", has_text="This image was deleted on").wait_for()


def test_scrolling_brings_older_pictures_and_a_link_does_without_scripts(account: dict[str, str], visit: Visit) -> None:
    assert run(account, "jobs").returncode == 0
    fill(Path(account["IMGFORGE_HOME"]) / "registry.db", 300)
    with serve(account) as server:
        page = visit(server.base_url)
        for count in (60, 120, 180):
            page.locator(".older").scroll_into_view_if_needed()
            page.locator(".card").nth(count).wait_for()
        plain = visit(server.base_url, java_script_enabled=False)
        before = plain.locator(".card").first.get_attribute("data-job")
        plain.click("text=Older pictures")
        plain.wait_for_url("**/?before=*")
        assert plain.locator(".card").first.get_attribute("data-job") != before


def test_the_keyboard_alone_is_enough(server: Server, visit: Visit) -> None:
    page = visit(server.base_url)
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("element => element === document.activeElement")
    page.keyboard.press("n")
    page.keyboard.type("a red fox in snow")
    page.keyboard.press("Control+Enter")
    page.locator(DRAWN).first.wait_for()
    page.keyboard.type("two cats")
    page.keyboard.press("Control+Enter")
    page.locator(DRAWN).nth(1).wait_for()
    page.locator(".card a.open").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".picture h1", has_text="a red fox in snow").wait_for()
    page.keyboard.press("Escape")
    page.locator("#grid").wait_for()


def test_two_tenants_sign_in_and_each_sees_its_own(account: dict[str, str], visit: Visit) -> None:
    keys = [run(account, "keys", "create", name).stdout.split()[0] for name in ("one", "two")]
    with serve(account) as server:
        pages = []
        for key in keys:
            page = visit(server.base_url)
            page.fill("#key", key)
            page.keyboard.press("Enter")
            page.locator("#make").wait_for()
            pages.append(page)
        job = draw(pages[0], "a secret fox")
        pages[1].reload()
        pages[1].locator(".empty").wait_for()
        pages[1].goto(f"{server.base_url}/page/jobs/{job}")
        pages[1].locator("h1", has_text="That was not done").wait_for()
        pages[0].click("text=Sign out")
        pages[0].locator("#key").wait_for()


def test_nothing_that_somebody_wrote_runs(account: dict[str, str], tmp_path: Path, visit: Visit) -> None:
    picture = tmp_path / "x'onerror='alert(1)'.png"
    Image.new("RGB", (64, 64), "orange").save(picture, "PNG")
    with serve(account) as server:
        page = visit(server.base_url)
        page.locator("details.more summary").click()
        page.set_input_files("[name=references]", picture)
        page.locator("#chosen img").wait_for()
        page.fill("[name=project_id]", "shop:1")
        page.fill("#prompt", NASTY)
        page.click("#make .primary")
        page.locator(".card", has_text=NASTY).wait_for()
        page.locator(".card.completed, .card.failed").first.wait_for()
        page.locator(".card a.open").first.click()
        page.locator("h1", has_text=NASTY).wait_for()
        page.goto(f"{server.base_url}/?q={NASTY}")
        page.locator("#q").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(scheme: str, server: Server, visit: Visit) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(server.base_url, color_scheme=scheme, bypass_csp=True)
    job = draw(page, "a red fox")
    for path in ("/", f"/page/jobs/{job}", "/page/usage", "/page/keys", "/page/login"):
        page.goto(f"{server.base_url}{path}")
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], [n["html"] for n in v["nodes"]]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == [], path


def test_on_a_narrow_page_the_button_is_as_wide_as_what_it_is_for(server: Server, visit: Visit) -> None:
    page = visit(server.base_url, viewport={"width": 390, "height": 800})
    page.fill("#prompt", "a red fox")
    page.locator("#price", has_text="free").wait_for()
    text, button = (page.locator(place).bounding_box() for place in ("#prompt", "#make .primary"))
    assert (button["x"], button["width"]) == (text["x"], text["width"])


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_window(width: int, server: Server, visit: Visit) -> None:
    page = visit(server.base_url, viewport={"width": width, "height": 800})
    job = draw(page, "a-prompt-of-one-very-long-word-that-nothing-parts-" * 4)
    for path in ("/", f"/page/jobs/{job}", "/page/usage", "/page/keys"):
        page.goto(f"{server.base_url}{path}")
        assert page.locator("html").evaluate("element => element.scrollWidth") <= width, path
