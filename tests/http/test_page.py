"""The page as a browser without scripts has it: looking, making, changing, keys, tenants, hostile texts."""

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import anyio.to_thread
import httpx
import pytest
from PIL import Image

from imgforge_mcp.base.types import ImageRequest, Job
from imgforge_mcp.http.access import Door
from imgforge_mcp.http.pages.live import events
from imgforge_mcp.http.pages.site import SHOWN
from tests.emulators import Emulator
from tests.emulators._wire import Answer
from tests.http._receiver import receiving
from tests.http.conftest import BASE, OpenSite, Site
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
OURS = {"Origin": BASE}
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{7*7}}"


class Reader(HTMLParser):
    """What a browser would make of a page: each element, and every attribute that could run something."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.running: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attributes:
            if name.startswith("on") or name == "style" or (value or "").strip().lower().startswith("javascript:"):
                self.running.append(f"{tag} {name}={value}")
            if name in ("src", "href", "action") and value:
                self.links.append(value)


def read(reply: httpx.Response) -> Reader:
    reader = Reader()
    reader.feed(reply.text)
    return reader


def _picture() -> bytes:
    with Image.new("RGB", (64, 64), "orange") as image, BytesIO() as file:
        image.save(file, "PNG")
        return file.getvalue()


async def draw(site: Site, prompt: str = "a red fox", headers: dict[str, str] | None = None, **fields: str) -> Job:
    """A picture made by the form, when it is ready."""
    reply = await site.http.post(
        "/page/make", data={"prompt": prompt, **fields}, headers={**OURS, **(headers or {})}, follow_redirects=False
    )
    assert reply.status_code == 303, reply.text
    job_id = reply.headers["location"].rpartition("/")[2]
    return await site.forge.job(job_id, site.forge.caller(), wait_seconds=60)


async def test_a_person_changes_a_picture_without_a_prompt(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("gemini")) as site:
        job = await draw(site, "a red fox", project_id="shop")
        page = (await site.http.get(f"/page/jobs/{job.job_id}")).text
        small = await draw(
            site, "", action="transform", job=job.job_id, operation="resize", size="64x32", format="webp"
        )
        square = await draw(site, "", action="transform", job=job.job_id, operation="crop", size="1:1")
        asked = {"action": "transform", "job": job.job_id, "operation": "resize", "size": "huge"}
        wrong = await site.http.post("/page/make", data=asked, headers=OURS)
    for operation in ("remove_background", "upscale", "vectorize", "crop", "extend", "resize", "convert"):
        assert f'<option value="{operation}">' in page
    [made] = small.assets
    assert (made.width, made.height, made.mime_type) == (64, 32, "image/webp")
    assert (small.request.input_images, small.request.project_id) == ([job.assets[0].asset_id], "shop")
    assert square.assets[0].width == square.assets[0].height
    assert wrong.status_code == 400
    assert "800x600" in wrong.text


async def test_a_person_draws_looks_edits_finds_pins_and_deletes_without_any_script(
    emulate: Emulate, site_on: OpenSite
) -> None:
    async with site_on(emulate("gemini")) as site:
        assert "No pictures yet" in (await site.http.get("/")).text
        price = await site.http.post("/page/price", data={"prompt": "a red fox"}, headers=OURS)
        job = await draw(site, "a red fox", project_id="shop:spring")
        await draw(site, "a blue whale")
        [asset] = job.assets
        assert price.json()["by"] == f"gemini/{job.model}"
        found = await site.http.get("/?q=foxes")
        assert "a red fox" in found.text
        assert "a blue whale" not in found.text
        assert (await site.http.get("/?project=shop:spring")).text.count('<li class="card') == 1
        small = await site.http.get(f"/page/thumbnails/{asset.asset_id}")
        assert (small.status_code, small.headers["content-type"]) == (200, "image/jpeg")
        again = await site.http.get(
            f"/page/thumbnails/{asset.asset_id}", headers={"If-None-Match": small.headers["etag"]}
        )
        assert again.status_code == 304
        edited = await draw(site, "make it night", action="edit", job=job.job_id)
        assert edited.request.input_images == [asset.asset_id]
        assert edited.request.project_id == "shop:spring"
        assert "Made from" in (await site.http.get(f"/page/jobs/{edited.job_id}")).text
        assert "Made from this" in (await site.http.get(f"/page/jobs/{job.job_id}")).text
        varied = await draw(site, action="vary", job=job.job_id)
        assert varied.request.prompt == "a red fox"
        act = f"/page/assets/{asset.asset_id}"
        await site.http.post(f"{act}/pin", data={"job": job.job_id}, headers=OURS)
        assert 'aria-pressed="true"' in (await site.http.get(f"/page/jobs/{job.job_id}")).text
        gone = await site.http.post(f"{act}/delete", data={"job": job.job_id}, headers=OURS)
        assert (gone.status_code, gone.headers["location"]) == (303, f"/page/jobs/{job.job_id}")
        assert "This image was deleted on" in (await site.http.get(f"/page/jobs/{job.job_id}")).text
        assert (await site.http.get(f"/page/thumbnails/{asset.asset_id}")).status_code == 404


async def test_uploaded_references_go_with_the_request(emulate: Emulate, site_on: OpenSite) -> None:
    gemini = emulate("gemini")
    async with site_on(gemini) as site:
        reply = await site.http.post(
            "/page/make",
            data={"prompt": "a fox like this"},
            files=[("references", ("<img src=x>.png", _picture(), "text/html"))],
            headers={**OURS, "Accept": "application/json"},
        )
        assert reply.status_code == 200, reply.text
        job = await site.forge.job(reply.json()["job_id"], site.forge.caller(), wait_seconds=60)
        assert job.state == "completed"
        assert len(job.request.input_images or []) == 1
        shown = await site.http.get(f"/page/jobs/{job.job_id}")
    assert "<img src=x>" not in shown.text


async def test_every_page_has_a_strict_policy_and_nothing_from_elsewhere(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        job = await draw(site)
        for path in ("/", f"/page/jobs/{job.job_id}", "/page/usage", "/page/keys", "/page/login", "/page/jobs/none"):
            reply = await site.http.get(path)
            policy = reply.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
            assert reply.headers["content-type"].startswith("text/html")
            reader = read(reply)
            assert reader.running == []
            assert [link for link in reader.links if re.match(r"[a-z]+:|//", link)] == []
            for link in {link for link in reader.links if link.startswith("/page/static/")}:
                assert (await site.http.get(link)).status_code == 200
        assert (await site.http.get("/page/static/../site.py")).status_code == 404


async def test_hostile_texts_are_shown_as_the_letters_they_are(
    emulate: Emulate, site_on: OpenSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = emulate("together")
    refused = Answer(400, {"error": {"message": NASTY, "type": "invalid_request_error"}})
    monkeypatch.setattr(together, "failure", lambda kind, message="": refused)
    together.fault("400")
    async with site_on(together) as site:
        clean = read(await site.http.get("/")).elements.count("script")
        caller = site.forge.caller()
        asked = ImageRequest(prompt=NASTY, metadata={NASTY[:60]: NASTY}, style=NASTY[:90], negative_prompt=NASTY)
        failed = await site.forge.submit(asked.model_copy(update={"provider": "together"}), caller)
        failed = await site.forge.job(failed.job_id, caller, wait_seconds=60)
        together.clear()
        made = await site.forge.submit(asked, caller)
        made = await site.forge.job(made.job_id, caller, wait_seconds=60)
        assert {failed.state.value, made.state.value} == {"failed", "completed"}
        places = ["/", f"/page/jobs/{failed.job_id}", f"/page/jobs/{made.job_id}", "/page/usage"]
        places += [f"/?{name}={NASTY}" for name in ("q", "project", "model", "provider", "day", "state", "before")]
        for place in places:
            reply = await site.http.get(place)
            reader = read(reply)
            assert reader.running == [], place
            assert reader.elements.count("script") == clean
            assert "x" not in reader.links
            assert "49" not in re.findall(r"\}\}|\b49\b", reply.text)
        assert NASTY in unescape((await site.http.get(f"/page/jobs/{made.job_id}")).text)
        wrong = await site.http.post("/page/make", data={"prompt": "x", "model": NASTY}, headers=OURS)
        assert wrong.status_code == 400
        assert read(wrong).running == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no origin"),
        pytest.param({"Origin": "https://evil.example"}, id="another's"),
        pytest.param({"Origin": "null"}, id="a sandbox's"),
        pytest.param({"Origin": "http://127.0.0.1:9999"}, id="another port's"),
    ],
)
@pytest.mark.parametrize("path", ["/page/make", "/page/keys/create", "/page/login", "/page/logout", "/page/price"])
async def test_a_form_of_another_site_does_nothing(
    path: str, headers: dict[str, str], emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post(path, data={"prompt": "a fox", "name": "evil", "key": "x"}, headers=headers)
        assert reply.status_code == 403
        assert await site.forge.keys() == []
    assert together.calls == []


async def test_where_a_key_is_wanted_the_page_asks_for_it_and_keeps_it_from_scripts(
    emulate: Emulate, site_on: OpenSite
) -> None:
    async with site_on(emulate("together")) as site:
        key = (await site.key())["Authorization"].removeprefix("Bearer ")
        shut = await site.http.get("/")
        assert shut.status_code == 401
        assert "Sign in with a key" in shut.text
        assert (await site.http.get("/page/keys")).status_code == 401
        wrong = await site.http.post("/page/login", data={"key": "imgf_live_nope"}, headers=OURS)
        assert wrong.status_code == 401
        assert "mistyped" in wrong.text
        assert "imgf_live_nope" not in wrong.text
        right = await site.http.post("/page/login", data={"key": key}, headers=OURS)
        cookie = right.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
        opened = await site.http.get("/")
        assert (opened.status_code, opened.text.count('action="/page/make"')) == (200, 1)
        assert (await site.http.get("/page/keys")).status_code == 403
        await site.forge.revoke_key("team")
        ended = await site.http.get("/")
        assert ended.status_code == 401
        assert "revoked" in ended.text
        out = await site.http.post("/page/logout", headers=OURS)
        assert out.headers["location"] == "/page/login"
        assert not site.http.cookies


async def test_two_tenants_do_not_see_each_other(emulate: Emulate, site_on: OpenSite, clock: VirtualClock) -> None:
    async with site_on(emulate("together")) as site:
        one, two = await site.key("one"), await site.key("two")
        job = await draw(site, "a secret fox", one)
        [asset] = job.assets
        assert "a secret fox" in (await site.http.get("/", headers=one)).text
        theirs = await site.http.get("/", headers=two)
        assert "a secret fox" not in theirs.text
        assert site.forge.place(asset) not in (await site.http.get(f"/page/jobs/{job.job_id}", headers=one)).text
        assert (await site.http.get(f"/page/jobs/{job.job_id}", headers=two)).status_code == 404
        for act in (f"/page/jobs/{job.job_id}/cancel", f"/page/assets/{asset.asset_id}/delete"):
            assert (await site.http.post(act, headers={**OURS, **two})).status_code == 404
        edit = {"prompt": "x", "action": "edit", "job": job.job_id}
        assert (await site.http.post("/page/make", data=edit, headers={**OURS, **two})).status_code == 404
        stranger = await site.forge.caller_of_key(two["Authorization"].removeprefix("Bearer "))
        news = events(site.forge, stranger, clock, lambda job: job.job_id, "")
        assert await anext(news) == ": still here\n\n"
        await news.aclose()


async def test_an_anonymous_caller_draws_and_finds_the_picture_by_its_address_alone(
    emulate: Emulate, site_on: OpenSite
) -> None:
    async with site_on(emulate("together"), door=Door(anonymous=True)) as site:
        job = await draw(site, quality_tier="draft")
        assert "found by their own address only" in (await site.http.get("/")).text
        assert (await site.http.get(f"/page/jobs/{job.job_id}")).status_code == 200
        assert (await site.http.get("/page/keys")).status_code == 403


async def test_scrolling_goes_through_every_picture_once(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together")) as site:
        caller, count = site.forge.caller(), SHOWN + 7
        for number in range(count):
            job = await site.forge.submit(ImageRequest(prompt=f"fox {number}"), caller)
            await site.forge.job(job.job_id, caller, wait_seconds=60)
        seen: list[str] = []
        place: str | None = "/"
        while place is not None:
            reply = await site.http.get(place)
            seen += re.findall(r'data-job="(\w+)"', reply.text)
            older = re.search(r'href="([^"]+)" rel="next"', reply.text)
            place = unescape(older[1]) + "&part=cards" if older else None
        assert len(seen) == len(set(seen)) == count
        assert seen == sorted(seen, reverse=True)


async def test_what_is_new_and_what_changes_is_told_as_it_happens(
    emulate: Emulate, site_on: OpenSite, clock: VirtualClock
) -> None:
    async with site_on(emulate("together")) as site:
        caller = site.forge.caller()
        old = await draw(site, "an old fox")
        news = events(site.forge, caller, clock, lambda job: f"{job.request.prompt} {job.state}", old.job_id)
        assert await anext(news) == ": still here\n\n"
        await draw(site, "a new fox")
        told = await anext(news)
        assert told.startswith("event: card\ndata: {")
        assert "a new fox completed" in told
        await news.aclose()


async def test_an_admin_makes_a_key_that_is_shown_once_and_ends_it(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("together"), door=Door(open_loopback=True)) as site:
        made = await site.http.post("/page/keys/create", data={"name": "team", "per_minute": "60"}, headers=OURS)
        [key] = set(re.findall(r"imgf_live_\w{38}", made.text))
        assert (await site.forge.caller_of_key(key)).allowance.per_minute == 60
        assert key not in (await site.http.get("/page/keys")).text
        bad = await site.http.post("/page/keys/create", data={"name": "x", "per_minute": "many"}, headers=OURS)
        assert bad.status_code == 400
        await site.http.post("/page/keys/team/revoke", headers=OURS)
        assert "revoked" in (await site.http.get("/page/keys")).text


async def test_an_admin_sees_who_was_told_of_a_jobs_end_and_has_it_told_again(
    emulate: Emulate, site_on: OpenSite
) -> None:
    with receiving() as receiver:
        async with site_on(emulate("together"), IMGFORGE_PRIVATE_HOSTS="127.0.0.1") as site:
            asked = ImageRequest(prompt="a fox", webhook_url=receiver.url)
            job = await site.forge.submit(asked, site.forge.caller())
            await site.forge.job(job.job_id, site.forge.caller(), wait_seconds=60)
            assert await anyio.to_thread.run_sync(receiver.some.wait, 30)
            shown = (await site.http.get("/page/keys")).text
            [again] = re.findall(r'action="(/page/webhooks/[^"]+)"', shown)
            assert receiver.url.partition("?")[0] in shown
            assert "of-the-receiver" not in shown
            receiver.came.clear()
            assert (await site.http.post(again, headers=OURS)).status_code == 303
            assert receiver.ids == [f"msg_{job.job_id}"]


async def test_usage_is_drawn_as_charts_with_what_is_left(emulate: Emulate, site_on: OpenSite) -> None:
    async with site_on(emulate("gemini"), IMGFORGE_MONTHLY_BUDGET_USD="5") as site:
        job = await draw(site)
        reply = await site.http.get("/page/usage")
        assert reply.text.count('class="bar"') >= 3
        assert "left of the monthly budget of $5.00" in reply.text
        assert f"gemini/{job.model}" in reply.text


async def test_behind_a_proxys_prefix_every_address_has_it(emulate: Emulate, forge_on: Any) -> None:
    from imgforge_mcp import create_server
    from imgforge_mcp.app.lazy import LazyForge
    from imgforge_mcp.http.app import create_app

    async with forge_on(emulate("together")) as forge:
        app = create_app(
            LazyForge.of(forge), create_server, "https://pictures.example/studio", Door(open_loopback=True)
        )
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            reader = read(await http.get("/"))
    assert [link for link in reader.links if not link.startswith(("/studio/", "#"))] == []
