"""Paths that a user names: only below the allowed directories, through no link, never anything but a plain file."""

import os
import sys
from pathlib import Path

import pytest

from imgforge_mcp.base.errors import InvalidRequest, StorageError
from imgforge_mcp.storage import paths
from imgforge_mcp.storage.names import NAME_BYTES, TAIL_BYTES, from_title, is_odd, shortened
from imgforge_mcp.storage.paths import MAX_INPUT_BYTES, place_output, read_input, write_output

DATA = b"picture"


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """The one allowed directory, with a plain file, beside one that is not."""
    for name in ("allowed", "allowed_evil", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plain.png").write_bytes(DATA)
    return tmp_path / "allowed"


@pytest.fixture(params=["posix", "windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where folders are opened one in the other, and where everything is reached by its path."""
    monkeypatch.setattr(paths, "IS_WINDOWS", request.param == "windows")
    return str(request.param)


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


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("text", ["{allowed}/plain.png", "plain.png", "./plain.png", "{allowed}/./plain.png"])
def test_a_plain_file_below_is_read(text: str, allowed: Path) -> None:
    assert read_input(text.replace("{allowed}", str(allowed)), [allowed]) == DATA


def test_without_an_allowed_directory_nothing_is_read_or_written(allowed: Path) -> None:
    for act in (read_input, place_output):
        with pytest.raises(InvalidRequest, match="not allowed here"):
            act(str(allowed / "plain.png"), [])


@pytest.mark.parametrize("target", ["file", "own file", "folder", "loop"])
def test_a_link_is_not_followed(target: str, allowed: Path, system: str) -> None:
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
    if (target, system) == ("own file", "windows"):  # a link that leads nowhere else
        assert read_input(str(path), [allowed]) == DATA
        return
    with pytest.raises(InvalidRequest) as caught:
        read_input(str(path), [allowed])
    assert caught.value.details["field"] == "input_images"
    if system == "windows" and target != "loop":
        assert caught.value.message == "The input path leads out of the allowed directories through a link."


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("fox.png", "fox.png", id="the same"),
        pytest.param("caf\u00e9.png", "cafe\u0301.png", id="an accent taken apart"),
        pytest.param("Screenshot 3.04 PM.png", "Screenshot 3.04\u202fPM.png", id="a narrow space"),
        pytest.param("mia's fox.png", "mia\u2019s fox.png", id="a round quotation mark"),
        pytest.param("FOX.png", "fox.png", id="capitals"),
        pytest.param("a%20fox.png", "a fox.png", id="as a URL has it"),
    ],
)
def test_a_file_is_found_by_a_name_that_looks_like_its_own_in_the_folder_that_was_named(
    text: str, name: str, allowed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (allowed / "sub", tmp_path / "here"):
        folder.mkdir()
    (allowed / "sub" / name).write_bytes(DATA)
    for each in (name, text):  # where the process stands, which has nothing to do with it
        (tmp_path / "here" / each).write_bytes(b"another")
    monkeypatch.chdir(tmp_path / "here")
    assert read_input(f"sub/{text}", [allowed]) == DATA


@pytest.mark.usefixtures("system")
def test_of_several_files_that_look_alike_none_is_guessed_and_a_link_that_looks_so_is_not_followed(
    allowed: Path,
) -> None:
    for name in ("mia's fox.png", "mia\u2019s fox.png"):
        (allowed / name).write_bytes(DATA)
    (allowed / "hound.png").symlink_to(allowed.parent / "secret" / "plain.png")
    with pytest.raises(InvalidRequest, match="No such file or directory"):
        read_input("mia\u2018s fox.png", [allowed])
    with pytest.raises(InvalidRequest):
        read_input("Hound.png", [allowed])


@pytest.mark.usefixtures("system")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(allowed: Path) -> None:
    os.mkfifo(allowed / "pipe.png")
    with pytest.raises(InvalidRequest, match="plain file"):
        read_input("pipe.png", [allowed])


@pytest.mark.usefixtures("system")
def test_a_folder_is_no_file(allowed: Path) -> None:
    (allowed / "folder.png").mkdir()
    with pytest.raises(InvalidRequest):
        read_input("folder.png", [allowed])


def test_a_file_that_is_too_large_is_not_read(allowed: Path) -> None:
    with (allowed / "large.png").open("wb") as file:
        file.truncate(MAX_INPUT_BYTES + 1)
    with pytest.raises(InvalidRequest, match="96 MiB"):
        read_input("large.png", [allowed])


@pytest.mark.usefixtures("system")
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


@pytest.mark.usefixtures("system")
def test_a_linked_folder_is_not_written_through(allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    with pytest.raises(InvalidRequest, match="link"):
        write_output("link/tower.png", [allowed], DATA, "png")
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


@pytest.mark.usefixtures("system")
def test_a_linked_name_is_not_written_through(allowed: Path) -> None:
    (allowed / "tower.png").symlink_to(allowed.parent / "secret" / "new.png")
    assert write_output("tower.png", [allowed], DATA, "png") == allowed / "tower-1.png"
    assert not (allowed.parent / "secret" / "new.png").exists()


@pytest.mark.usefixtures("system")
def test_an_allowed_directory_that_is_itself_a_link_works(allowed: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").symlink_to(allowed)
    directory = tmp_path / "pictures"
    assert read_input(str(directory / "plain.png"), [directory]) == DATA
    assert read_input(str(allowed / "plain.png"), [directory]) == DATA
    assert write_output(str(directory / "tower"), [directory], DATA, "png").exists()


@pytest.mark.usefixtures("system")
def test_what_cannot_be_written_names_the_folder(allowed: Path) -> None:
    with pytest.raises(StorageError, match=r"plain\.png"):
        write_output("plain.png/tower.png", [allowed], DATA, "png")


@pytest.mark.parametrize(
    "character",
    [
        pytest.param("x", id="a letter"),
        pytest.param("Ü", id="two bytes"),
        pytest.param("狐", id="three bytes"),
        pytest.param("👩\u200d🚀", id="joined emoji"),
        pytest.param("👩\u200d👩\u200d👧\u200d👦", id="a family"),
        pytest.param("e\u0301", id="a combining accent"),
        pytest.param("e\u0301\u0323", id="two combining accents"),
        pytest.param("👍\U0001f3fb", id="the lightest skin"),
        pytest.param("👍\U0001f3ff", id="the darkest skin"),
        pytest.param("葛\ufe00", id="the first variation"),
        pytest.param("❤\ufe0f", id="the last variation"),
    ],
)
@pytest.mark.parametrize("before", range(12))
def test_a_name_that_no_file_system_takes_is_shortened_to_whole_characters(
    character: str, before: int, allowed: Path
) -> None:
    most, size = NAME_BYTES - TAIL_BYTES, len(character.encode())
    name = "v" * before + character * 300
    path, _ = place_output(name, [allowed])
    assert path.name == "v" * before + character * ((most - before) // size)


@pytest.mark.parametrize("ending", [".", " ", ". . "])
def test_what_a_shortened_name_must_not_end_with_goes_too(ending: str) -> None:
    kept = "x" * (NAME_BYTES - TAIL_BYTES - len(ending))
    assert shortened(kept + ending) == kept + ending
    assert shortened(kept + ending + "and more") == kept


@pytest.mark.parametrize("name", ["e" + "\u0301" * 400, "\u200d" * 400, "👩" + "\u200d👩" * 100])
def test_a_name_that_is_one_long_character_is_cut_all_the_same(name: str, allowed: Path) -> None:
    path, _ = place_output(name, [allowed])
    assert name.startswith(path.name)
    assert 200 < len(path.name.encode()) <= NAME_BYTES - TAIL_BYTES
    assert write_output(name, [allowed], DATA, "png").read_bytes() == DATA


@pytest.mark.parametrize("name", ["狐" * 200 + ".png", "x" * 300 + ".jpeg", "x" * 244])
def test_the_same_shortened_name_is_taken_once(name: str, allowed: Path) -> None:
    path, _ = place_output(name, [allowed])
    written = [write_output(given, [allowed], DATA, "jpeg") for given in (str(path), name)]
    assert written == [allowed / f"{path.name}.jpeg", allowed / f"{path.name}-1.jpeg"]
    assert ".png" not in path.name


def test_a_name_as_long_as_may_be_is_kept(allowed: Path) -> None:
    name = "x" * (NAME_BYTES - TAIL_BYTES)
    assert place_output(name, [allowed])[0].name == name
    assert place_output("y" * NAME_BYTES + "/fox", [allowed])[0] == allowed / ("y" * NAME_BYTES) / "fox"


def test_a_folder_that_no_file_system_takes_is_refused_before_anything_is_bought(allowed: Path) -> None:
    with pytest.raises(InvalidRequest, match="longer than a file system takes"):
        place_output("x" * 300 + "/fox.png", [allowed])
    with pytest.raises(InvalidRequest, match="longer than a file system takes"):
        place_output("/".join(["folder"] * 800), [allowed])


@pytest.mark.usefixtures("system")
def test_nothing_is_made_outside_through_a_link(allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    for act in (
        lambda: place_output("link/new/tower", [allowed]),
        lambda: write_output("link/new/t", [allowed], b"", "png"),
    ):
        with pytest.raises(InvalidRequest, match="link"):
            act()
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


@pytest.mark.usefixtures("system")
def test_a_link_within_the_allowed_directory_may_be_used(allowed: Path) -> None:
    (allowed / "2026").mkdir()
    (allowed / "today").symlink_to(allowed / "2026")
    assert write_output("today/fox", [allowed], DATA, "png") == allowed / "today" / "fox.png"
    assert (allowed / "2026" / "fox.png").read_bytes() == DATA


def test_a_user_that_does_not_exist_is_named(allowed: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"no such user; write \./~nosuchuser"):
        place_output("~nosuchuser/fox.png", [allowed])
    assert write_output("./~draft", [allowed], DATA, "png") == allowed / "~draft.png"


@pytest.mark.usefixtures("system")
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
        ("a" * 29 + " " + "b" * 30, "a" * 29 + " " + "b" * 30),
    ],
)
def test_a_name_is_made_of_the_first_words(title: str, name: str) -> None:
    assert from_title(title) == name


@pytest.mark.parametrize(("character", "odd"), [(" ", False), ("\u3000", False), ("\u200c", False), ("\ue000", True)])
def test_spaces_and_joiners_may_stand_in_a_name_and_what_no_font_has_may_not(character: str, odd: bool) -> None:
    assert is_odd(character) is odd


# What a caller is told ----------------------------------------------------------------------------------------------

REFUSALS = {
    "../fox.png": "it holds '..'",
    "..\\fox.png": "it holds '..'",
    "fox\n.png": "it holds a character that no file name should have",
    "//host/fox.png": "it is an address, not a file on this machine",
    "\\\\host\\fox.png": "it is an address, not a file on this machine",
    "https://host/fox.png": "it is an address, not a file on this machine",
    "folder/Aux.png": "'Aux.png' is a reserved name on Windows",
    "con." + "x" * 100: f"'con.{'x' * 60}' is a reserved name on Windows",
    "folder./fox.png": "a part of it ends in a dot or a space, which some systems drop",
    "folder /fox.png": "a part of it ends in a dot or a space, which some systems drop",
    "C:fox.png": "it holds a colon, which names a drive or a stream on some systems",
}


@pytest.mark.parametrize(("text", "fault"), REFUSALS.items(), ids=repr)
def test_a_path_that_is_none_is_refused_with_its_fault(text: str, fault: str, allowed: Path) -> None:
    for field in ("mask", "input_images"):
        with pytest.raises(InvalidRequest) as caught:
            read_input(text, [allowed], field)
        assert caught.value.message == f"{field} is not a plain path: {fault}."
        assert caught.value.details["field"] == field
    with pytest.raises(InvalidRequest) as caught:
        place_output(text, [allowed])
    assert caught.value.message == f"save_to is not a plain path: {fault}."
    assert caught.value.details["field"] == "save_to"
    with pytest.raises(InvalidRequest) as caught:
        write_output(text, [allowed], DATA, "png", field="file")
    assert caught.value.details["field"] == "file"


@pytest.mark.parametrize("text", ["C:\\fox.png", "c:/fox.png"])
def test_a_drive_may_be_named_where_there_are_drives(text: str, allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "IS_WINDOWS", True)
    assert place_output(text, [allowed])[1] == allowed
    with pytest.raises(InvalidRequest, match="colon"):
        place_output(f"{text}:stream", [allowed])


@pytest.mark.usefixtures("system")
def test_what_cannot_be_read_is_told_by_the_argument_that_named_it(allowed: Path) -> None:
    (allowed / "folder").mkdir()
    os.mkfifo(allowed / "pipe")
    told = {
        "absent.png": "The input file cannot be read (No such file or directory).",
        "absent/fox.png": "The input file cannot be read (No such file or directory).",
        "plain.png/fox.png": "The input file cannot be read (Not a directory).",
        ".": "The input path is a directory; name a file in it.",
        "folder": "The input path is not a plain file.",
        "pipe": "The input path is not a plain file.",
    }
    for text, message in told.items():
        with pytest.raises(InvalidRequest) as caught:
            read_input(text, [allowed], "mask")
        assert (caught.value.message, caught.value.details["field"]) == (message, "mask")
    with pytest.raises(InvalidRequest) as caught:
        read_input("absent.png", [allowed])
    assert caught.value.details["field"] == "input_images"


def test_where_nothing_is_allowed_and_where_something_else_is_is_told(allowed: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_input("fox.png", [], "mask")
    assert (caught.value.message, caught.value.details["field"]) == ("Local paths are not allowed here.", "mask")
    with pytest.raises(InvalidRequest) as caught:
        place_output(str(tmp_path / "elsewhere" / "fox.png"), [allowed, tmp_path / "out"])
    both = [str(allowed), str(tmp_path / "out")]
    assert caught.value.message == (
        f"save_to must be below one of: {both[0]}, {both[1]}. Set IMGFORGE_OUTPUT_DIRS to allow another directory."
    )
    assert (caught.value.details["field"], caught.value.details["allowed"]) == ("save_to", both)


def test_a_user_who_does_not_exist_is_told_from_a_file_of_that_name(allowed: Path) -> None:
    user = "~" + "nobody" * 20
    with pytest.raises(InvalidRequest) as caught:
        read_input(f"{user}/fox.png", [allowed], "mask")
    assert caught.value.message == (
        f"mask begins with {user[:64]}, and there is no such user; write ./{user[:64]} for a file of that name."
    )
    assert caught.value.details["field"] == "mask"


def test_a_home_directory_may_be_written_as_a_tilde(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(allowed))
    assert read_input("~/plain.png", [allowed]) == DATA


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("text", ["link/fox", "link/new/fox"])
def test_a_link_that_leads_out_is_told(text: str, allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    for act in (lambda: place_output(text, [allowed]), lambda: write_output(text, [allowed], DATA, "png")):
        with pytest.raises(InvalidRequest) as caught:
            act()
        assert caught.value.message == "save_to leads out of the allowed directories through a link."
        assert caught.value.details["field"] == "save_to"


@pytest.mark.usefixtures("system")
def test_links_that_lead_in_a_circle_or_nowhere_are_refused_before_anything_is_bought(allowed: Path) -> None:
    (allowed / "circle").symlink_to(allowed / "circle")
    (allowed / "nowhere").symlink_to(allowed / "absent")
    for name in ("circle", "nowhere"):
        with pytest.raises(StorageError, match=f"{name} is not a directory"):
            place_output(f"{name}/sub/fox", [allowed])
        with pytest.raises(InvalidRequest):
            read_input(f"{name}/fox", [allowed])


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="Windows has no such rights")
@pytest.mark.parametrize("folder", ["plain.png", "plain.png/sub"])
def test_a_folder_that_is_none_is_named_before_anything_is_bought(folder: str, allowed: Path) -> None:
    with pytest.raises(StorageError) as caught:
        place_output(f"{folder}/fox", [allowed])
    path = str(allowed / "plain.png")
    assert caught.value.message == f"{path} is not a directory; give another save_to."
    assert caught.value.details["path"] == path


def test_a_folder_without_the_right_to_write_is_named_before_anything_is_bought(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator may write anywhere: the system is asked in a test's stead."""
    asked: list[tuple[object, int]] = []

    def refuse(path: object, mode: int) -> bool:
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", refuse)
    with pytest.raises(StorageError) as caught:
        place_output("new/fox", [allowed])
    assert caught.value.message == f"{allowed} cannot be written; give another save_to."
    assert asked == [(allowed, os.W_OK | os.X_OK)]


def test_a_path_longer_than_a_file_system_takes_is_told(allowed: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        place_output("y" * (NAME_BYTES + 1) + "/fox", [allowed])
    assert caught.value.message == "save_to is longer than a file system takes; give a shorter path."
    assert caught.value.details["field"] == "save_to"
    room = paths.MAX_PATH_BYTES - len(str(allowed)) - len("/fox")
    folders = ("/" + "z" * 9) * (room // 10)
    fits = folders[1:] + "/" + "fox" + "x" * (room % 10)
    assert place_output(fits, [allowed])[0] == allowed / fits
    with pytest.raises(InvalidRequest, match="longer than a file system takes"):
        place_output(fits + "x", [allowed])


# While others are at work -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("system")
def test_a_link_that_is_put_in_the_way_after_the_look_is_not_followed(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def make(self: Path, *given: object, **named: object) -> None:
        if self == allowed and not (allowed / "new").is_symlink():
            (allowed / "new").symlink_to(allowed.parent / "secret")
        mkdir(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", make)
    with pytest.raises(InvalidRequest, match="through a link"):
        write_output("new/fox", [allowed], DATA, "png")
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


def test_a_link_that_is_put_in_a_new_folders_place_is_not_followed_where_folders_cannot_be_opened(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def make(self: Path, *given: object, **named: object) -> None:
        mkdir(self, *given, **named)  # type: ignore[arg-type]
        if self.name == "new":
            self.rmdir()
            self.symlink_to(allowed.parent / "secret")

    monkeypatch.setattr(paths, "IS_WINDOWS", True)
    monkeypatch.setattr(Path, "mkdir", make)
    with pytest.raises(InvalidRequest, match="through a link"):
        write_output("new/fox", [allowed], DATA, "png")
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


def test_a_link_that_is_put_in_a_new_folders_place_is_not_followed(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = os.mkdir

    def make(path: str, *given: int, dir_fd: int | None = None) -> None:
        mkdir(path, *given, dir_fd=dir_fd)
        if path == "new":
            os.rmdir(allowed / "new")
            (allowed / "new").symlink_to(allowed.parent / "secret")

    monkeypatch.setattr(os, "mkdir", make)
    with pytest.raises(StorageError) as caught:
        write_output("new/fox", [allowed], DATA, "png")
    assert caught.value.message == f"{allowed / 'new'} cannot be written (Not a directory)."
    assert caught.value.details["path"] == str(allowed / "new")
    assert [each.name for each in (allowed.parent / "secret").iterdir()] == ["plain.png"]


@pytest.mark.usefixtures("system")
def test_an_allowed_directory_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    root = tmp_path / "out" / "pictures"
    assert write_output("new/sub/fox.png", [root], DATA, "png") == root / "new" / "sub" / "fox.png"
    assert (root / "new" / "sub" / "fox.png").read_bytes() == DATA
    assert write_output("pictures/other", [root], DATA, "png") == root / "other.png"
    assert write_output(f"{root}/", [root], DATA, "png", "A fox") == root / "A fox.png"


def test_a_directory_said_again_means_itself_unless_there_is_one_of_that_name_in_it(tmp_path: Path) -> None:
    root = tmp_path / "out" / "pictures"
    assert place_output("out/pictures/fox", [root])[0] == root / "fox"
    assert place_output("pictures", [root])[0] == root / "pictures"
    (root / "pictures").mkdir(parents=True)
    assert place_output("pictures/fox", [root])[0] == root / "pictures" / "fox"
    assert place_output("pictures", [root], "A fox")[0] == root / "pictures" / "A fox"


def test_no_descriptor_stays_open(allowed: Path) -> None:
    (allowed / "a" / "b").mkdir(parents=True)
    (allowed / "a" / "b" / "plain.png").write_bytes(DATA)
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    assert read_input("a/b/plain.png", [allowed]) == DATA
    write_output("a/b/c/fox", [allowed], DATA, "png")
    with pytest.raises(InvalidRequest):
        read_input("a/b", [allowed])
    with pytest.raises(InvalidRequest):
        read_input("a/b/absent", [allowed])
    assert (os.listdir("/proc/self/fd") if before else []) == before


def test_a_file_at_the_limit_is_read(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MAX_INPUT_BYTES", len(DATA))
    assert read_input("plain.png", [allowed]) == DATA
    (allowed / "plain.png").write_bytes(DATA + b"!")
    with pytest.raises(InvalidRequest) as caught:
        read_input("plain.png", [allowed], "mask")
    assert (caught.value.message, caught.value.details["field"]) == ("The input file is larger than 0 MiB.", "mask")


def test_a_folder_with_every_number_taken_is_told(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MAX_NUMBERED", 2)
    for name in ("fox.png", "fox-1.png"):
        assert write_output("fox", [allowed], DATA, "png") == allowed / name
    with pytest.raises(StorageError, match=r"^save_to's folder holds too many files of that name\.$"):
        write_output("fox", [allowed], DATA, "png")


def test_a_copy_is_read_by_everybody_and_changed_by_its_owner(allowed: Path) -> None:
    kept = os.umask(0)
    try:
        written = write_output("new/fox", [allowed], DATA, "png")
    finally:
        os.umask(kept)
    assert written.stat().st_mode & 0o777 == 0o644
