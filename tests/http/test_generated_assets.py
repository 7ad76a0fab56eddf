"""Requests for assets, made up by thousands: a picture is served whole, in part or not at all."""

import io
import random
from collections import Counter

import pytest
from PIL import Image

from imgforge_mcp import ImageRequest
from tests.faults import tally
from tests.http.conftest import OpenSite

pytestmark = pytest.mark.anyio
QUERIES = ("", "?width=64", "?width=-1", "?width=99999999", "?width=x", "?type=text/html", "?x=" + "a" * 500, "?width=")
TAILS = ("", "", "", ".html", "/", "/..", "%2f..", "%00", "\\", ";x", "//", "#2")


async def test_an_asset_is_served_whole_in_part_or_not_at_all(site_on: OpenSite) -> None:
    chance, statuses = random.Random(5), Counter[int]()
    async with site_on() as site:
        job = await site.forge.generate(
            ImageRequest(prompt="a lake", width=64, height=64, provider="local"), site.forge.caller()
        )
        digest = job.assets[0].asset_id
        whole = (await site.http.get(f"/v2/assets/{digest}")).content
        assert Image.open(io.BytesIO(whole)).size == (64, 64)
        for _ in range(tally.many(2_000)):
            name = list(digest)
            for _ in range(chance.choice((0, 0, 1, 3))):
                name[chance.randrange(64)] = chance.choice("0fgFG.%/")
            path = f"/v2/assets/{''.join(name)}{chance.choice(TAILS)}{chance.choice(QUERIES)}"
            ranges = ",".join(
                f"{chance.choice(('', chance.randrange(-9, 9000)))}-{chance.choice(('', chance.randrange(9000)))}"
                for _ in range(chance.choice((1, 1, 2, 500)))
            )
            headers = chance.choice(({}, {"Range": f"bytes={ranges}"}, {"Range": f"lines={ranges}"}, {"If-Range": "x"}))
            answer = await site.http.request(
                chance.choice(("GET", "GET", "HEAD", "POST", "PUT")), path, headers=headers
            )
            statuses[answer.status_code] += 1
            assert answer.status_code in (200, 206, 304, 400, 404, 405, 416), path
            if answer.status_code in (200, 206) and answer.request.method == "GET":
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "?width=" in path or answer.content in whole
    assert {200, 404, 405} <= set(statuses)
