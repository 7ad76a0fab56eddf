"""What a person types, in the words that the parser knows: other names of commands, options and actions, where their
meaning is certain. Pure; loads nothing of the program."""

import re
from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("draw", "gen", "create", "make", "paint", "imagine"), "generate"),
    **dict.fromkeys(("change", "modify"), "edit"),
    **dict.fromkeys(("job", "status", "history", "show", "list", "ls"), "jobs"),
    **dict.fromkeys(("asset", "image", "images", "picture", "pictures", "store"), "assets"),
    **dict.fromkeys(("reference", "refs", "ref", "characters", "styles"), "references"),
    **dict.fromkeys(("cost", "costs", "spend", "spending", "budget", "balance", "quota"), "usage"),
    **dict.fromkeys(("setup", "register"), "install"),
    **dict.fromkeys(("check", "diagnose", "health"), "doctor"),
    **dict.fromkeys(("page", "ui", "web", "open"), "gallery"),
    **dict.fromkeys(("server", "http"), "serve"),
    **dict.fromkeys(("rm", "remove"), "delete"),
    "uninstall": "install",
    **dict.fromkeys(("cancel", "stop"), "jobs"),
    "model": "models",
    "prices": "models",
    "completions": "completion",
    "key": "keys",
    "webhook": "webhooks",
}
FLAGS = {"uninstall": "--uninstall", "cancel": "--cancel", "stop": "--cancel"}
"""What is a command for a person and an option here."""
WITHIN = {"pull": "models", "export": "assets", "verify": "assets", "prune": "assets"}
"""Actions of a command, said without it."""
LOOKING = ("list", "ls", "show")
STDIO = (["stdio"], ["--stdio"], ["mcp"], ["run"], ["--transport", "stdio"], ["--transport=stdio"], ["-t", "stdio"])
"""How other servers are told what this one does by itself."""
OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("-n", "--count", "--num", "--number", "--images"), "--n"),
    **dict.fromkeys(("-o", "--output", "--save", "--save-to"), "--out"),
    **dict.fromkeys(("--aspect", "--aspect-ratio", "--ar", "--ratio", "--shape", "--resolution", "-s"), "--size"),
    **dict.fromkeys(("--quality", "--quality-tier", "-t"), "--tier"),
    **dict.fromkeys(("--negative-prompt", "--avoid", "--no"), "--negative"),
    **dict.fromkeys(("--output-format", "--type"), "--format"),
    **dict.fromkeys(("--image", "--input-image", "-i"), "--input"),
    **dict.fromkeys(("--listen", "--bind"), "--host"),
    **dict.fromkeys(("--max-cost-usd", "--max-price"), "--max-cost"),
    **dict.fromkeys(("--character", "--kept"), "--reference"),
    "--idempotency-key": "--key",
    "-m": "--model",
    "-p": "--port",
}
"""Other names of options; one stands only in the place of an option that the command has."""
OF_LISTS = dict.fromkeys(("-n", "--count", "--max", "--number"), "--limit")
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "assets": {"ls": "list", "save": "export", "check": "verify", "clean": "prune"},
    "references": {**dict.fromkeys(("create", "new", "keep"), "add"), **dict.fromkeys(("delete", "rm"), "remove")},
    "keys": {**dict.fromkeys(("add", "new", "make"), "create"), **dict.fromkeys(("delete", "rm", "remove"), "revoke")},
    "webhooks": {**dict.fromkeys(("resend", "retry"), "replay")},
}
"""Of the commands that have actions; without one they list."""
LISTED = frozenset({"models", "jobs", *ACTIONS})
"""What `list models` may be about."""
PERIODS = {"today": "day", "day": "day", "month": "month", "this month": "month", "all": "all", "total": "all"}
TRANSFORMS = frozenset(
    {
        *("remove_background", "remove_bg", "cut_out", "cutout", "rembg", "upscale", "enlarge", "vectorize"),
        *("vectorise", "trace", "extend", "outpaint", "expand", "crop", "resize", "convert"),
    }
)
SCALES = {"2": "2", "4": "4", "2x": "2", "4x": "4", "x2": "2", "x4": "4"}
SIZE = re.compile(r"\d{1,5}[xX:]\d{1,5}")
FORMATS = frozenset({"png", "jpg", "jpeg", "webp", "avif", "ico", "pdf"})


def understood(given: Sequence[str]) -> list[str]:
    """The same in the parser's own words."""
    if not given or list(given) in STDIO:
        return []
    if given[0] == "--json":
        return understood([*given[1:], "--json"]) if given[1:] else list(given)
    if given[0] in ("-v", "-V"):
        return ["--version", *given[1:]]
    if given[0].startswith("-") and not (given[0] in ("-h", "--help") and given[1:]):
        return list(given)
    word, rest = given[0].lower(), list(given[1:])
    if word in ("help", "-h", "--help"):
        return [*(_command(each.lower()) for each in rest[:1]), "--help"]
    if word in LOOKING and rest and (noun := _command(rest[0].lower())) in LISTED:
        word, rest = noun, rest[1:]
    if word in WITHIN:
        word, rest = WITHIN[word], [word, *rest]
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
    if name == "-j":
        return ["--json"]
    if command in ("jobs", "assets", "webhooks"):
        name = OF_LISTS.get(name, name)
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
        case "assets" if re.fullmatch("[0-9a-f]{8,64}", first):
            return ["show", *rest]
        case "assets" | "references" | "keys" | "webhooks":
            return [ACTIONS[command].get(first, rest[0]), *rest[1:]]
        case "jobs" if first in ("cancel", "stop", "end"):
            return [*rest[1:], "--cancel"]
        case "jobs" if first in ("list", "ls", "show"):
            return rest[1:]
        case "models" if first in ("list", "ls", "show", "info"):
            return rest[1:]
        case "models" if first in ("pull", "remove", "pulled", "refresh"):
            return [f"--{first}", *rest[1:]]
        case "usage":
            return _period(rest)
        case "generate" | "edit":
            return _spoken(command, rest)
        case "install":
            return _client(rest)
        case "serve" if first.isdecimal():
            return ["--port", *rest]
        case "transform":
            return _transform(rest)
    return rest


def _period(rest: list[str]) -> list[str]:
    """Of usage: today, this month; with --period before it or without."""
    named = rest[1:] if rest[:1] == ["--period"] else rest
    for count in (2, 1):
        if period := PERIODS.get(" ".join(named[:count]).lower()):
            return ["--period", period, *named[count:]]
    return rest


def _spoken(command: str, rest: list[str]) -> list[str]:
    """The prompt, and the picture to edit, where they were given as options."""
    for name in ("--input", "--prompt") if command == "edit" else ("--prompt",):
        is_needed = name == "--prompt" or not rest or rest[0].startswith("-")
        if is_needed and name in rest[:-1]:
            place = rest.index(name)
            said, others = rest[place + 1], [*rest[:place], *rest[place + 2 :]]
            first = 1 if name == "--prompt" and command == "edit" and others and not others[0].startswith("-") else 0
            rest = [*others[:first], said, *others[first:]]
    return rest


def _client(rest: list[str]) -> list[str]:
    """`claude code` and `VS Code` in one word."""
    words = [word.lower() for word in rest[:2]]
    if words[:1] == ["claude"] and words[1:] in (["code"], ["desktop"]):
        return ["-".join(words), *rest[2:]]
    if words == ["vs", "code"]:
        return ["vscode", *rest[2:]]
    return ["vscode", *rest[1:]] if words[:1] == ["vs-code"] else rest


def _transform(rest: list[str]) -> list[str]:
    """The picture first, then what is to be done; `upscale 4`, `crop 1:1`, `convert webp` by that alone."""
    words = [text.lower().replace("-", "_") for text in rest[:3]]
    if len(words) > 1 and words[0] in TRANSFORMS and words[1] not in TRANSFORMS and not rest[1].startswith("-"):
        rest, words = [rest[1], rest[0], *rest[2:]], [words[1], words[0], *words[2:]]
    if len(words) > 2 and words[1] in TRANSFORMS and words[2] in SCALES:
        return [*rest[:2], "--scale", SCALES[words[2]], *rest[3:]]
    if words[1:2] in (["crop"], ["resize"], ["extend"]) and len(rest) > 2 and SIZE.fullmatch(rest[2]):
        return [*rest[:2], "--size", *rest[2:]]
    if words[1:2] == ["convert"]:
        kind = rest[3:] if words[2:] == ["to"] else rest[2:]
        if kind and kind[0].lower() in FORMATS:
            return [*rest[:2], "--format", *kind]
    return rest
