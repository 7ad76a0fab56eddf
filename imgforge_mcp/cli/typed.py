"""What a person types, in the words that the parser knows: other names of commands, options and actions, where their
meaning is certain. Pure; loads nothing of the program."""

from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("draw", "gen", "create", "make", "paint", "imagine"), "generate"),
    **dict.fromkeys(("change", "modify"), "edit"),
    **dict.fromkeys(("job", "status", "history", "show", "list", "ls"), "jobs"),
    **dict.fromkeys(("asset", "images", "pictures", "store"), "assets"),
    **dict.fromkeys(("reference", "refs", "ref", "characters", "styles"), "references"),
    **dict.fromkeys(("cost", "costs", "spend", "budget"), "usage"),
    **dict.fromkeys(("setup", "register"), "install"),
    **dict.fromkeys(("check", "diagnose", "health"), "doctor"),
    **dict.fromkeys(("page", "ui", "web", "open"), "gallery"),
    **dict.fromkeys(("server", "http"), "serve"),
    **dict.fromkeys(("rm", "remove"), "delete"),
    "uninstall": "install",
    "cancel": "jobs",
    "model": "models",
    "key": "keys",
    "webhook": "webhooks",
}
FLAGS = {"uninstall": "--uninstall", "cancel": "--cancel"}
"""What is a command for a person and an option here."""
OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("-n", "--count", "--num", "--number", "--images"), "--n"),
    **dict.fromkeys(("-o", "--output", "--save", "--save-to"), "--out"),
    **dict.fromkeys(("--aspect", "--aspect-ratio", "--ratio", "--shape"), "--size"),
    **dict.fromkeys(("--quality", "--quality-tier"), "--tier"),
    **dict.fromkeys(("--negative-prompt", "--avoid"), "--negative"),
    **dict.fromkeys(("--output-format", "--type"), "--format"),
    **dict.fromkeys(("--image", "--input-image"), "--input"),
    **dict.fromkeys(("--max-cost-usd", "--max-price"), "--max-cost"),
    **dict.fromkeys(("--character", "--kept"), "--reference"),
    "--idempotency-key": "--key",
    "-m": "--model",
    "-p": "--port",
}
"""Other names of options; one stands only in the place of an option that the command has."""
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "assets": {"ls": "list", "save": "export", "check": "verify", "clean": "prune"},
    "references": {**dict.fromkeys(("create", "new", "keep"), "add"), **dict.fromkeys(("delete", "rm"), "remove")},
    "keys": {**dict.fromkeys(("add", "new", "make"), "create"), **dict.fromkeys(("delete", "rm", "remove"), "revoke")},
    "webhooks": {**dict.fromkeys(("resend", "retry"), "replay")},
}
"""Of the commands that have actions; without one they list."""
PERIODS = {"today": "day", "day": "day", "month": "month", "all": "all", "total": "all"}
TRANSFORMS = frozenset(
    {
        *("remove_background", "remove_bg", "cut_out", "cutout", "rembg", "upscale", "enlarge", "vectorize"),
        *("vectorise", "trace", "extend", "outpaint", "expand", "crop", "resize", "convert"),
    }
)
SCALES = {"2": "2", "4": "4", "2x": "2", "4x": "4"}


def understood(given: Sequence[str]) -> list[str]:
    """The same in the parser's own words."""
    if not given:
        return []
    if given[0] in ("-v", "-V"):
        return ["--version", *given[1:]]
    if given[0].startswith("-"):
        return list(given)
    word, rest = given[0].lower(), list(given[1:])
    if word == "help":
        return [*(_command(each.lower()) for each in rest[:1]), "--help"]
    if word in FLAGS:
        return [_command(word), *rest, FLAGS[word]]
    command = _command(word)
    if word != command == "transform":
        rest = [*rest[:1], word, *rest[1:]]
    return [command, *_arguments(command, _options(command, rest))]


def _command(word: str) -> str:
    return "transform" if word.replace("-", "_") in TRANSFORMS else COMMANDS.get(word, word)


def _options(command: str, rest: list[str]) -> list[str]:
    """Up to a lone `--`, after which all is meant as it stands."""
    end = rest.index("--") if "--" in rest else len(rest)
    return [*(word for text in rest[:end] for word in _option(command, text)), *rest[end:]]


def _option(command: str, text: str) -> list[str]:
    if not text.startswith("-"):
        return [text]
    name, equals, value = text.partition("=")
    name = name.lower()
    if command in ("generate", "edit") and name == "--transparent" and not equals:
        return ["--background", "transparent"]
    if command in ("generate", "edit", "transform", "save", "serve", "gallery"):
        name = OPTIONS.get(name, name)
    return [f"{name}{equals}{value}"]


def _arguments(command: str, rest: list[str]) -> list[str]:
    """With the action that was meant."""
    first = rest[0].lower() if rest else ""
    match command:
        case "assets" | "references" | "keys" | "webhooks" if not first or (
            first.startswith("-") and first not in ("-h", "--help")
        ):
            return ["list", *rest]
        case "assets" | "references" | "keys" | "webhooks":
            return [ACTIONS[command].get(first, rest[0]), *rest[1:]]
        case "jobs" if first in ("cancel", "stop", "end"):
            return [*rest[1:], "--cancel"]
        case "jobs" if first in ("list", "ls", "show"):
            return rest[1:]
        case "models" if first in ("list", "ls"):
            return rest[1:]
        case "models" if first in ("pull", "remove", "pulled", "refresh"):
            return [f"--{first}", *rest[1:]]
        case "usage" if first in PERIODS:
            return ["--period", PERIODS[first], *rest[1:]]
        case "transform":
            return _transform(rest)
    return rest


def _transform(rest: list[str]) -> list[str]:
    """The picture first, then what is to be done; `upscale 4` by a figure alone."""
    words = [text.lower().replace("-", "_") for text in rest[:3]]
    if len(words) > 1 and words[0] in TRANSFORMS and words[1] not in TRANSFORMS and not rest[1].startswith("-"):
        rest, words = [rest[1], rest[0], *rest[2:]], [words[1], words[0], *words[2:]]
    if len(words) > 2 and words[1] in TRANSFORMS and words[2] in SCALES:
        return [*rest[:2], "--scale", SCALES[words[2]], *rest[3:]]
    return rest
