"""Several machines on one database and one bucket: what one makes, every other has; what stands in the way says so."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from imgforge_mcp import ImageRequest
from imgforge_mcp.base.errors import ConfigError, NotFound
from tests.cluster.postgres import Postgres
from tests.cluster.s3 import Bucket
from tests.conftest import OpenForge
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.http.conftest import OpenSite, site_on

pytestmark = pytest.mark.anyio
__all__ = ["site_on"]  # a fixture of the HTTP door's tests

OPTIONAL = ("psycopg", "psycopg_pool", "obstore")
FOX = ImageRequest(prompt="a red fox", width=64, height=64)


@pytest.fixture
def shared(postgres: Postgres, bucket: Bucket) -> dict[str, str]:
    """What several machines have in common."""
    return {
        **bucket.environment,
        "IMGFORGE_DATABASE_URL": postgres.registry(),
        "IMGFORGE_STORE_URL": bucket.place(),
    }


async def test_what_one_machine_drew_another_shows_and_a_third_edits(
    forge_on: OpenForge, shared: dict[str, str], tmp_path: Path, emulate: Callable[[str], Emulator]
) -> None:
    together = emulate("together")
    async with (
        forge_on(together, **shared, IMGFORGE_HOME=str(tmp_path / "one")) as one,
        forge_on(together, **shared, IMGFORGE_HOME=str(tmp_path / "two")) as two,
    ):
        job = await one.generate(FOX, one.caller())
        [asset] = job.assets
        assert await two.job(job.job_id, two.caller()) == job
        found, data = await two.asset(asset.asset_id)
        assert (found.bytes, len(data)) == (asset.bytes, asset.bytes)
        again = await two.submit(FOX.model_copy(update={"idempotency_key": "k"}), two.caller())
        assert (await one.submit(FOX.model_copy(update={"idempotency_key": "k"}), one.caller())).job_id == again.job_id
        await two.delete_asset(asset.asset_id, two.caller())
        with pytest.raises(NotFound):
            await one.asset(asset.asset_id)


async def test_a_picture_is_served_by_the_door_or_by_the_bucket_itself(
    site_on: OpenSite, shared: dict[str, str]
) -> None:
    async with site_on(**shared) as site:
        [asset] = (await site.forge.generate(FOX, site.forge.caller())).assets
        path = f"/v2/assets/{asset.asset_id}"
        whole = (await site.http.get(path)).content
        assert (await site.http.get(path, headers={"Range": "bytes=2-9"})).content == whole[2:10]
    async with site_on(**shared, IMGFORGE_STORE_REDIRECT="on") as site:
        answer = await site.http.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (307, "private, max-age=600")
        with urllib.request.urlopen(answer.headers["location"]) as found:  # noqa: ASYNC210 - on loopback, at once
            assert (found.read(), found.headers["content-type"]) == (whole, asset.mime_type)
        assert (await site.http.get(path, params={"width": 16})).status_code == 200
        assert (await site.http.get("/v2/assets/" + "0" * 64)).status_code == 404


def test_servers_on_one_database_are_ready_and_migrate_it_by_themselves(
    postgres: Postgres, bucket: Bucket, tmp_path: Path
) -> None:
    shared = {**bucket.environment, "IMGFORGE_DATABASE_URL": postgres.database(), "IMGFORGE_STORE_URL": bucket.place()}
    accounts = [fresh_account(tmp_path / name, **shared) for name in ("one", "two")]
    with serve(accounts[0]) as one, serve(accounts[1]) as two:
        for server in (one, two):
            with urllib.request.urlopen(f"{server.base_url}/health/ready") as answer:
                assert json.load(answer)["status"] == "healthy"
    assert run(accounts[0], "migrate").stdout == "The registry is up to date.\n"
    drawn = run(accounts[0], "generate", "a red fox", "--size", "64x64", "--json")
    assert drawn.returncode == 0, drawn.stderr
    listed = json.loads(run(accounts[1], "jobs", "--json").stdout)
    assert [job["job_id"] for job in listed] == [json.loads(drawn.stdout)["job_id"]]


def test_migrate_says_what_was_missing(postgres: Postgres, tmp_path: Path) -> None:
    account = fresh_account(tmp_path / "one", IMGFORGE_DATABASE_URL=postgres.database())
    assert run(account, "migrate").stdout.splitlines()[0] == "0001_start"
    assert json.loads(run(account, "migrate", "--json").stdout) == {"applied": []}


@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param(
            "postgresql://me:canary-pw@127.0.0.1:1/books", "postgresql://127.0.0.1:1/books", id="nobody there"
        ),
        pytest.param("postgresql://me:canary-pw%ZZ@host/books", "%-escapes", id="no address"),
        pytest.param("mysql://me:canary-pw@host/books", "must be a PostgreSQL address", id="another database"),
    ],
)
def test_a_wrong_address_of_the_database_ends_with_two_and_a_sentence(tmp_path: Path, address: str, says: str) -> None:
    if not all(find_spec(name) for name in OPTIONAL[:2]):
        pytest.skip("the extra cluster is not installed")
    ended = run(fresh_account(tmp_path / "one", IMGFORGE_DATABASE_URL=address), "migrate")
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "canary" not in ended.stderr + ended.stdout
    assert len(ended.stderr.splitlines()) == 1


async def test_a_missing_extra_is_named(forge_on: OpenForge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgforge_mcp.app.storage.find_spec", lambda name: None)
    for variable, value in (("IMGFORGE_DATABASE_URL", "postgresql://h/x"), ("IMGFORGE_STORE_URL", "s3://bucket")):
        with pytest.raises(ConfigError, match=rf"{variable} is set, which needs .*imgforge-mcp\[cluster\]"):
            async with forge_on(**{variable: value}):
                pass


def test_nothing_of_the_cluster_is_loaded_where_nothing_of_it_is_configured(tmp_path: Path) -> None:
    program = (
        "import sys, anyio\n"
        "from imgforge_mcp import open_forge, ImageRequest\n"
        "from imgforge_mcp.base.config import load_config\n"
        "async def main():\n"
        f"    async with open_forge(load_config({{'IMGFORGE_HOME': {str(tmp_path / 'home')!r}}})) as forge:\n"
        "        await forge.generate(ImageRequest(prompt='a fox', width=64, height=64), forge.caller())\n"
        "anyio.run(main)\n"
        f"print([name for name in {OPTIONAL!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout == "[]\n"
