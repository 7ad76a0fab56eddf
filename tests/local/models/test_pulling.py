"""Fetching a model: what it is under which licence is said first; what comes is what was listed, or nothing."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imgforge_mcp.__main__ import main
from imgforge_mcp.local.models import forms
from tests.e2e._program import run
from tests.local.models._hub import Hub

NAME = "somebody/Tiny-Random-OV"
PLACE = "tiny-random-ov"
WEIGHTS = "unet/openvino_model.bin"
Program = Callable[..., Any]


@pytest.fixture
def program(account: dict[str, str], hub: Hub) -> Program:
    """`program("--pull", …, HF_TOKEN="…")`: the command `models` with that hub."""

    def act(*arguments: str, **variables: str) -> Any:
        return run({**account, "HF_ENDPOINT": hub.url, **variables}, "models", *arguments)

    return act


def models(program: Program) -> list[dict[str, Any]]:
    listed = program("--pulled", "--json")
    assert listed.returncode == 0
    found: list[dict[str, Any]] = json.loads(listed.stdout)["pulled"]
    return found


def test_licence_and_size_are_shown_and_nothing_is_fetched_before_somebody_agrees(program: Program, hub: Hub) -> None:
    asked = program("--pull", NAME)
    assert asked.returncode == 2
    assert "licence: apache-2.0" in asked.stderr
    assert " kB" in asked.stderr
    assert "add --yes" in asked.stderr
    assert hub.fetched(WEIGHTS) == []
    assert models(program) == []


def test_a_licence_is_one_line_that_cannot_write_over_the_rest(program: Program, hub: Hub) -> None:
    hub.licence = "mit\n  size: 1 kB\x1b[2A\x1b[2K\u202e" + "x" * 500
    asked = program("--pull", NAME)
    [line] = [line for line in asked.stderr.splitlines() if "licence: mit size: 1 kB" in line]
    assert len(line) < 300
    assert "\x1b" not in asked.stderr
    assert "\u202e" not in asked.stderr


def test_a_model_is_pulled_listed_and_removed(program: Program, hub: Hub, home: Path) -> None:
    pulled = program("--pull", NAME, "--yes")
    assert pulled.returncode == 0, pulled.stderr
    assert f"local/{PLACE} is ready" in pulled.stdout
    (model,) = models(program)
    assert (model["name"], model["licence"], model["pipeline"]) == (PLACE, "apache-2.0", "StableDiffusionPipeline")
    assert model["origin"].startswith(f"{NAME}@0123456789ab")
    folder = home / "models" / PLACE
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *(name for name in hub.files if name not in ("README.md", ".gitattributes")),
        "imgforge.json",
    }
    paper = json.loads((folder / "imgforge.json").read_text())
    assert paper["sha256"][WEIGHTS] == hashlib.sha256(hub.files[WEIGHTS]).hexdigest()
    removed = program("--remove", PLACE)
    assert removed.returncode == 0
    assert not folder.exists()
    assert models(program) == []
    again = program("--remove", PLACE)
    assert again.returncode == 1
    assert "No model of that name is pulled" in again.stderr


def test_a_pull_that_broke_off_goes_on_where_it_was(program: Program, hub: Hub) -> None:
    hub.files[WEIGHTS] += bytes(12_000_000)  # the hub's library writes ten million bytes at once
    hub.cut = {WEIGHTS: 11_000_000}
    pulled = program("--pull", NAME, "--yes")
    assert pulled.returncode == 0, pulled.stderr
    first, second = hub.fetched(WEIGHTS)
    assert first == ""
    assert second.startswith("bytes=")
    assert int(second.removeprefix("bytes=").partition("-")[0]) > 0


def test_bytes_that_are_not_what_is_listed_are_not_kept(program: Program, hub: Hub, home: Path) -> None:
    wrong = bytearray(hub.files[WEIGHTS])
    wrong[-1] ^= 1
    hub.changed[WEIGHTS] = bytes(wrong)
    pulled = program("--pull", NAME, "--yes")
    assert pulled.returncode == 1
    assert f"{WEIGHTS} came twice with another SHA-256" in pulled.stderr
    assert models(program) == []
    assert not (home / "models" / PLACE).exists()
    hub.changed.clear()
    assert program("--pull", NAME, "--yes").returncode == 0


def test_a_small_file_is_compared_by_gits_own_digest(program: Program, hub: Hub) -> None:
    name = "scheduler/scheduler_config.json"
    hub.changed[name] = hub.files[name].replace(b"1000", b"1001")
    pulled = program("--pull", NAME, "--yes")
    assert pulled.returncode == 1
    assert name in pulled.stderr


def test_a_repository_that_is_shut_says_how_it_is_opened(program: Program, hub: Hub) -> None:
    hub.token = "hf_abcdefghijklmnop"
    shut = program("--pull", NAME, "--yes")
    assert shut.returncode == 1
    assert "HF_TOKEN" in shut.stderr
    opened = program("--pull", NAME, "--yes", HF_TOKEN="hf_abcdefghijklmnop")
    assert opened.returncode == 0, opened.stderr
    assert "hf_abcdefghijklmnop" not in opened.stdout + opened.stderr


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("somebody/nothing", 1, "The hub has no somebody/nothing"),
        (
            "lcm-dreamshapre",
            2,
            "there are birefnet-lite, lcm-dreamshaper, flux-schnell-int4, flux-2-klein-4b, z-image-turbo",
        ),
    ],
)
def test_a_name_that_is_none_is_said_to_be(name: str, code: int, words: str, program: Program) -> None:
    wrong = program("--pull", name, "--yes")
    assert wrong.returncode == code
    assert words in wrong.stderr


def test_a_hub_that_does_not_answer_is_one_sentence(program: Program) -> None:
    gone = program("--pull", NAME, "--yes", HF_ENDPOINT="http://127.0.0.1:9")
    assert gone.returncode == 1
    assert "could not be fetched from the hub" in gone.stderr
    assert "Traceback" not in gone.stderr


def test_what_the_hubs_cache_has_is_pulled_without_a_network(
    program: Program, pipeline: Path, account: dict[str, str]
) -> None:
    revision = "f" * 40
    cache = Path(account["HF_HOME"]) / "hub" / "models--somebody--Tiny-Random-OV"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(revision)
    (cache / "snapshots").mkdir()
    (cache / "snapshots" / revision).symlink_to(pipeline, target_is_directory=True)
    pulled = program("--pull", NAME, "--yes", HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
    assert pulled.returncode == 0, pulled.stderr
    assert models(program)[0]["origin"] == f"{NAME}@{revision[:12]}"


def test_a_repository_with_ways_out_of_its_folder_writes_none_of_them(program: Program, hub: Hub, home: Path) -> None:
    hub.files |= {"../../escaped.json": b"{}", "/tmp/escaped.json": b"{}", "a/b/c/deep.bin": b"1"}
    assert program("--pull", NAME, "--yes").returncode == 0
    folder = home / "models" / PLACE
    assert [path.name for path in home.rglob("*") if path.name in ("escaped.json", "deep.bin")] == []
    assert (folder / "model_index.json").is_file()


def test_pickled_weights_are_refused_with_the_line_that_converts_them(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"1")
    refused = program("--pull", "mine", "--from", str(folder), "--yes")
    assert refused.returncode == 1
    assert "pickled, which is not loaded here" in refused.stderr
    assert "optimum-cli export openvino" in refused.stderr


@pytest.mark.parametrize(
    ("form", "weights", "extra"),
    [
        ("OPENVINO", "unet/openvino_model.xml", "imgforge-mcp[models]"),
        ("DIFFUSERS", "unet/diffusion_pytorch_model.safetensors", "imgforge-mcp[cuda]"),
    ],
)
def test_a_model_whose_runtime_is_not_installed_is_refused_with_the_line_that_installs_it(
    form: str,
    weights: str,
    extra: str,
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "mine"
    (folder / weights).parent.mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (folder / weights).write_bytes(b"1")
    missing = replace(forms.FORMS[form.lower()], package="no_such_runtime")
    monkeypatch.setattr(forms, form, missing)
    for name in [name for name in os.environ if name.startswith("IMGFORGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IMGFORGE_HOME", str(home))
    monkeypatch.setattr("sys.argv", ["imgforge-mcp", "models", "--pull", "mine", "--from", str(folder), "--yes"])
    assert main() == 1
    said = capsys.readouterr().err
    assert "no_such_runtime, which is not installed" in said
    assert extra in said


def test_a_repository_for_another_runtime_is_refused_before_anything_is_fetched(program: Program, hub: Hub) -> None:
    kept = ("model_index.json", "README.md")
    hub.files = {name: data for name, data in hub.files.items() if name in kept}
    hub.files |= {"unet/diffusion_pytorch_model.bin": b"1", "text_encoder/pytorch_model.bin": b"1"}
    refused = program("--pull", NAME, "--yes")
    assert refused.returncode == 1
    assert "for another runtime" in refused.stderr
    assert hub.fetched("model_index.json") == []


def test_a_disk_without_room_is_said_before_anything_is_fetched(program: Program, hub: Hub) -> None:
    about = hub.about()
    about["siblings"].append({"size": 10**16, "rfilename": "unet/openvino_huge.bin", "blobId": "0" * 40})
    hub.about = lambda: about  # type: ignore[method-assign]
    full = program("--pull", NAME, "--yes")
    assert full.returncode == 1
    assert "GiB are free" in full.stderr
    assert hub.fetched(WEIGHTS) == []
