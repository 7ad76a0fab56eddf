"""Paths that a user names: only below the allowed directories, through no link, never anything but a plain file."""

import os
import sys
from pathlib import Path

import pytest

from imgforge_mcp.base.errors import InvalidRequest, StorageError
from imgforge_mcp.storage.names import from_title
from imgforge_mcp.storage.paths import MAX_INPUT_BYTES, place_output, read_input, write_output

DATA = b"picture"


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """The one allowed directory, with a plain file, beside one that is not."""
    for name in ("allowed", "allowed_evil", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plain.png").write_bytes(DATA)
    return tmp_path / "allowed"


STRINGS = [
    "../secret/plain.png",
    "sub/../../secret/plain.png",
    "..\\secret\\plain.png",
    "....//plain.png/..",
    "C:plain.png",
    "C:\\Windows\\win.ini",
    "\\\\host\\share\\plain.png",
    "//host/share/plain.png",
    "\\\\?\\C:\\plain.png",
    "\\\\.\\pipe\\x",
    "CON",
    "con.png",
    "sub/NUL.png",
    "LPT1",
    "com9.txt",
    "plain.png:stream",
    "plain.png.",
    "plain.png ",
    "sub /plain.png",
    "plain\x00.png",
    "plain\n.png",
    "plain\u202egnp.png",
    "plain\ufffd.png",
    "file:///etc/passwd",
    "file://host/plain.png",
    "http://127.0.0.1/plain.png",
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/mem",
    "/sys/kernel/version",
    "/dev/zero",
    "/dev/stdin",
    "~root/plain.png",
    "{allowed}_evil/plain.png",
    "{allowed}/../secret/plain.png",
    "~nosuchuser/plain.png",
    "/",
]
DIRECTORIES = ["{allowed}", "{allowed}/", "{allowed}/.", "."]
"""No file to read; to write, a place for one."""


@pytest.mark.parametrize("text", [*STRINGS, *DIRECTORIES])
def test_a_path_elsewhere_or_of_an_odd_kind_is_neither_read_nor_written(text: str, allowed: Path) -> None:
    path = text.replace("{allowed}", str(allowed))
    with pytest.raises(InvalidRequest):
        read_input(path, [allowed])
    if text not in DIRECTORIES:
        with pytest.raises(InvalidRequest):
            place_output(path, [allowed])
        with pytest.raises(InvalidRequest):
            write_output(path, [allowed], DATA, "png")
    assert sorted(each.name for each in allowed.iterdir()) == ["plain.png"]


@pytest.mark.parametrize("text", ["%2e%2e/secret/plain.png", "$HOME/plain.png", "x" * 300])
def test_a_name_means_itself_and_nothing_else(text: str, allowed: Path) -> None:
    with pytest.raises(InvalidRequest):
        read_input(text, [allowed])


@pytest.mark.parametrize("text", ["{allowed}/plain.png", "plain.png", "./plain.png", "{allowed}/./plain.png"])
def test_a_plain_file_below_is_read(text: str, allowed: Path) -> None:
    assert read_input(text.replace("{allowed}", str(allowed)), [allowed]) == DATA


def test_without_an_allowed_directory_nothing_is_read_or_written(allowed: Path) -> None:
    for act in (read_input, place_output):
        with pytest.raises(InvalidRequest, match="not allowed here"):
            act(str(allowed / "plain.png"), [])


@pytest.mark.parametrize("target", ["file", "own file", "folder", "loop"])
def test_a_link_is_not_followed(target: str, allowed: Path) -> None:
    link = allowed / "link"
    match target:
        case "file":
            link.symlink_to(allowed.parent / "secret" / "plain.png")
        case "own file":
            link.symlink_to(allowed / "plain.png")
        case "folder":
            link.symlink_to(allowed.parent / "secret")
        case "loop":
            link.symlink_to(link)
    path = link / "plain.png" if target == "folder" else link
    with pytest.raises(InvalidRequest):
        read_input(str(path), [allowed])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(allowed: Path) -> None:
    os.mkfifo(allowed / "pipe.png")
    with pytest.raises(InvalidRequest, match="plain file"):
        read_input("pipe.png", [allowed])


def test_a_folder_is_no_file(allowed: Path) -> None:
    (allowed / "folder.png").mkdir()
    with pytest.raises(InvalidRequest):
        read_input("folder.png", [allowed])


def test_a_file_that_is_too_large_is_not_read(allowed: Path) -> None:
    with (allowed / "large.png").open("wb") as file:
        file.truncate(MAX_INPUT_BYTES + 1)
    with pytest.raises(InvalidRequest, match="96 MiB"):
        read_input("large.png", [allowed])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("tower", "tower.jpg", id="no extension"),
        pytest.param("tower.png", "tower.jpg", id="another extension"),
        pytest.param("tower.jpg", "tower.jpg", id="the right one"),
        pytest.param("a/b/tower.png", "a/b/tower.jpg", id="new folders"),
        pytest.param("plain.png", "plain.jpg", id="another type of the same name"),
        pytest.param("taken.jpg", "taken-2.jpg", id="taken twice"),
        pytest.param("tower.v2.png", "tower.v2.jpg", id="two dots"),
        pytest.param("Türme im Sturm", "Türme im Sturm.jpg", id="letters and spaces"),
        pytest.param("Mr. Fox", "Mr. Fox.jpg", id="a title"),
        pytest.param("v1.2 final", "v1.2 final.jpg", id="a version"),
        pytest.param("3.5 x 2.5", "3.5 x 2.5.jpg", id="figures"),
        pytest.param("fox vs. hound.JPEG", "fox vs. hound.jpg", id="a title with an extension in capitals"),
        pytest.param("notes.txt", "notes.txt.jpg", id="the extension of no picture"),
        pytest.param("site.com", "site.com.jpg", id="a name of the web"),
        pytest.param(".hidden", ".hidden.jpg", id="a hidden file"),
        pytest.param("scan.tiff", "scan.jpg", id="a kind that is not ours"),
        pytest.param("allowed/lake", "lake.jpg", id="the directory said again"),
        pytest.param("allowed/sub/lake.png", "sub/lake.jpg", id="the directory said again, with a folder"),
        pytest.param("Screenshot 3.04\u202fPM.png", "Screenshot 3.04\u202fPM.jpg", id="a narrow space"),
        pytest.param("folder", "folder/a red fox.jpg", id="a directory"),
        pytest.param("new folder/", "new folder/a red fox.jpg", id="a directory to be"),
        pytest.param("{allowed}", "a red fox.jpg", id="the allowed directory itself"),
        pytest.param(".", "a red fox.jpg", id="the allowed directory, relative"),
    ],
)
def test_an_image_is_written_beside_what_is_there_with_the_extension_of_its_bytes(
    text: str, written: str, allowed: Path
) -> None:
    (allowed / "taken.jpg").write_bytes(b"mine")
    (allowed / "taken-1.jpg").write_bytes(b"mine too")
    (allowed / "folder").mkdir()
    path = text.replace("{allowed}", str(allowed))
    assert write_output(path, [allowed], DATA, "jpg", "a red fox!") == allowed / written
    assert (allowed / written).read_bytes() == DATA
    assert (allowed / "taken.jpg").read_bytes() == b"mine"
    assert (allowed / "plain.png").read_bytes() == DATA


def test_a_linked_folder_is_not_written_through(allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    with pytest.raises(InvalidRequest, match="link"):
        write_output("link/tower.png", [allowed], DATA, "png")
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


def test_a_linked_name_is_not_written_through(allowed: Path) -> None:
    (allowed / "tower.png").symlink_to(allowed.parent / "secret" / "new.png")
    assert write_output("tower.png", [allowed], DATA, "png") == allowed / "tower-1.png"
    assert not (allowed.parent / "secret" / "new.png").exists()


def test_an_allowed_directory_that_is_itself_a_link_works(allowed: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").symlink_to(allowed)
    directory = tmp_path / "pictures"
    assert read_input(str(directory / "plain.png"), [directory]) == DATA
    assert read_input(str(allowed / "plain.png"), [directory]) == DATA
    assert write_output(str(directory / "tower"), [directory], DATA, "png").exists()


def test_what_cannot_be_written_names_the_folder(allowed: Path) -> None:
    with pytest.raises(StorageError, match=r"plain\.png"):
        write_output("plain.png/tower.png", [allowed], DATA, "png")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("x" * 300, id="letters"),
        pytest.param("Ü" * 300, id="two bytes each"),
        pytest.param("狐" * 200 + ".png", id="three bytes each, with an extension"),
        pytest.param("👩‍🚀" * 60, id="joined emoji"),
        pytest.param("e\u0301" * 200, id="combining accents"),
    ],
)
def test_a_name_that_no_file_system_takes_is_shortened_before_and_after(name: str, allowed: Path) -> None:
    path, _ = place_output(name, [allowed])
    first, second = (write_output(str(path), [allowed], DATA, "jpeg") for _ in range(2))
    assert first.exists()
    assert second.exists()
    assert first.stem == path.name
    assert name.startswith(first.stem)
    assert not first.stem.endswith(("\u200d", "e"))
    assert len(first.stem.encode()) > 200


def test_a_folder_that_no_file_system_takes_is_refused_before_anything_is_bought(allowed: Path) -> None:
    with pytest.raises(InvalidRequest, match="longer than a file system takes"):
        place_output("x" * 300 + "/fox.png", [allowed])
    with pytest.raises(InvalidRequest, match="longer than a file system takes"):
        place_output("/".join(["folder"] * 800), [allowed])


def test_nothing_is_made_outside_through_a_link(allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    for act in (
        lambda: place_output("link/new/tower", [allowed]),
        lambda: write_output("link/new/t", [allowed], b"", "png"),
    ):
        with pytest.raises(InvalidRequest, match="link"):
            act()
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


def test_a_link_within_the_allowed_directory_may_be_used(allowed: Path) -> None:
    (allowed / "2026").mkdir()
    (allowed / "today").symlink_to(allowed / "2026")
    assert write_output("today/fox", [allowed], DATA, "png") == allowed / "today" / "fox.png"
    assert (allowed / "2026" / "fox.png").read_bytes() == DATA


def test_a_user_that_does_not_exist_is_named(allowed: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"no such user; write \./~nosuchuser"):
        place_output("~nosuchuser/fox.png", [allowed])
    assert write_output("./~draft", [allowed], DATA, "png") == allowed / "~draft.png"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of that kind")
def test_what_was_half_written_when_the_disk_was_full_is_removed(allowed: Path) -> None:
    import resource
    import signal

    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError):
            write_output("tower", [allowed], b"x" * 5000, "png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, kept)
    assert [each.name for each in allowed.iterdir()] == ["plain.png"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a red fox, portrait: 35mm!", "a red fox portrait 35mm"),
        ("狐" * 100, "狐" * 20),
        ("", "image"),
        ("???", "image"),
        ("con", "image"),
        ("word " * 40, ("word " * 12).strip()),
    ],
)
def test_a_name_is_made_of_the_first_words(title: str, name: str) -> None:
    assert from_title(title) == name
