"""What may be typed: the commands, their options, and what is said to a slip. Loads nothing of the program itself."""

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from imgforge_mcp import __version__

if TYPE_CHECKING:
    from imgforge_mcp.base.errors import ForgeError

WRONG_USAGE = 2
COLUMNS = 80
TIERS = ("draft", "standard", "premium", "ultra", "ultra_plus")
CHOICE = re.compile(r"(?:argument (\S+): )?invalid choice: '([^']*)' \(choose from (.*)\)")
CHOICES = re.compile(r"[\w-]+")
UNKNOWN = re.compile(r"unrecognized arguments: (-[^ =]+)")
FIGURE = re.compile(r"argument (\S+): invalid (int|float) value: '(.*)'")
COUNT = re.compile(r"argument (\S+): invalid count value: (.*), (\d+)")
BARE = re.compile(r"argument (\S+): expected one argument")
MISSING = re.compile(r"the following arguments are required: (.*)")
EXAMPLES = {
    "generate": "generate a red fox",
    "edit": "edit photo.jpg make it winter",
    "transform": "transform logo.png remove_background",
    "save": "save 01M8… fox.png",
    "install": "install claude-desktop",
    "delete": "delete 3f9a02c1",
    "pin": "pin 3f9a02c1",
    "unpin": "unpin 3f9a02c1",
    "completion": "completion bash",
}
PURPOSES = ("text", "photo", "logo", "edit", "transparent", "vector", "upscale", "cheap", "fast")
"""As list_models has them; named here, for the parser loads nothing."""


def _from_one(most: int) -> Callable[[str], int]:
    """A whole number from 1 to `most`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"invalid count value: {text!r}, {most}")
        return int(text)

    return read


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the nearest right word; to a program as JSON."""

    as_json = False
    asked: "argparse.ArgumentParser"
    """The parser of the command that was named, whose options may have been meant."""

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        _Parser.asked = self
        return super().parse_known_args(*arguments, **named)

    def error(self, message: str) -> NoReturn:
        sentence = self._in_words(message)
        if self.as_json:
            from imgforge_mcp.base.errors import InvalidRequest

            self.exit(complain(InvalidRequest(sentence), as_json=True))
        lines = [f"imgforge-mcp: {sentence}"]
        if sys.stderr.isatty():
            lines = textwrap.wrap(lines[0], COLUMNS, break_long_words=False, break_on_hyphens=False)
        if not sentence.endswith("?"):
            lines.append(f"{self.asked.prog} --help shows what there is.")
        self.exit(WRONG_USAGE, "\n".join(lines) + "\n")

    def _in_words(self, message: str) -> str:
        """argparse's complaint as a sentence that says what would be right."""
        if choice := CHOICE.search(message):
            return self._no_choice(*choice.groups())
        if unknown := UNKNOWN.search(message):
            return self._no_option(unknown[1])
        if figure := FIGURE.search(message):
            kind, example = ("a whole number", "7") if figure[2] == "int" else ("a number", "0.5")
            return f"{figure[1]} takes {kind}, such as {example}; not {figure[3]!r}."
        if count := COUNT.search(message):
            return f"{count[1]} takes a whole number from 1 to {count[3]}; not {count[2]}."
        if bare := BARE.search(message):
            return f"{bare[1].split('/')[-1]} wants a value after it."
        if missing := MISSING.search(message):
            command = self.asked.prog.rpartition(" ")[2]
            example = f", such as: imgforge-mcp {EXAMPLES[command]}" if command in EXAMPLES else ""
            return f"Still missing: {missing[1].replace(', ', ' and ')}{example}"
        return f"{message}."

    def _no_choice(self, argument: str | None, said: str, choices: str) -> str:
        known = CHOICES.findall(choices)
        what = "command" if argument == "COMMAND" else argument or "word"
        wanted = said.lower()
        near = [name for name in known if name.startswith(wanted)] if len(wanted) > 2 else []
        near = near or get_close_matches(wanted, known, 1)
        hint = f"did you mean {' or '.join(near[:3])}?" if near else f"there are {', '.join(known)}."
        return f"There is no {what} {said!r}; {hint}"

    def _no_option(self, said: str) -> str:
        if not said.startswith("--"):
            return f"There is no option {said}; a word that begins with a dash goes after a lone --."
        known = [name for action in self.asked._actions for name in action.option_strings]
        near = get_close_matches(said.lower(), known, 1, 0.65)
        return f"There is no option {said}{f'; did you mean {near[0]}?' if near else '.'}"


def complain(error: "ForgeError", *, as_json: bool) -> int:
    """A complaint about what was typed or configured: a sentence on stderr, or the public error for a program."""
    if as_json:
        from imgforge_mcp.base.clock import Clock

        print(json.dumps(error.body(f"req_{Clock().new_id()}"), ensure_ascii=False, indent=2))
    else:
        print(f"imgforge-mcp: {error.message}", file=sys.stderr)
    return WRONG_USAGE


def build_parser(*, as_json: bool = False) -> argparse.ArgumentParser:
    """The whole command line; `as_json`: how it complains."""
    _Parser.as_json = as_json
    parser = _Parser(
        prog="imgforge-mcp", description="Image generation for MCP clients. Without a command: an MCP server on stdio."
    )
    parser.add_argument("--version", action="version", version=f"imgforge-mcp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("version", help="print the version").add_argument("--json", action="store_true")
    _add_serve(commands)
    _add_generate(commands)
    _add_transform(commands)
    models = _add(
        commands, "models", "what can be used, at what price, and what each tier would pick; or models of your own"
    )
    models.add_argument("name", nargs="?", metavar="NAME", help="one of them, in full")
    models.add_argument("--tier", type=_tier, choices=TIERS)
    models.add_argument("--provider", metavar="NAME")
    models.add_argument("--capability", metavar="NAME")
    fittest = f"the fittest first, for {', '.join(PURPOSES)}"
    models.add_argument("--for", choices=PURPOSES, dest="purpose", metavar="PURPOSE", help=fittest)
    models.add_argument("--all", action="store_true", help="also those without a key and withdrawn ones")
    models.add_argument("--refresh", action="store_true", help="ask every configured provider what it offers today")
    here = models.add_mutually_exclusive_group()
    here.add_argument("--pull", metavar="NAME", help="fetch a model to draw with on this machine; or owner/repository")
    here.add_argument("--pulled", action="store_true", help="those that are on this machine, and some that could be")
    here.add_argument("--remove", metavar="NAME", help="delete one of them")
    models.add_argument("--from", dest="source", metavar="PATH", help="pull: from a folder with a pipeline")
    models.add_argument("--yes", action="store_true", help="pull: agree to licence and size, which are shown first")
    jobs = _add(commands, "jobs", "the recent jobs, or one of them")
    jobs.add_argument("job_id", nargs="?")
    jobs.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="wait for its end")
    jobs.add_argument("--cancel", action="store_true", help="end it")
    jobs.add_argument("--limit", type=int, default=20, metavar="N")
    _add_no_preview(jobs)
    _add_assets(commands)
    _add_changes(commands)
    usage = _add(commands, "usage", "images and cost, and what is left of the budgets")
    usage.add_argument("--period", choices=("day", "month", "all"), default="month")
    usage.add_argument("--project", metavar="NAME")
    usage.add_argument("--check", action="store_true", help="compare the sums with every call on record")
    _add_references(commands)
    _add_keys(commands)
    _add_install(commands)
    _add_webhooks(commands)
    _add(commands, "migrate", "bring the registry's tables up to date; servers and workers do so as well")
    bundle = _add(
        commands, "bundle", "this program as an .mcpb bundle, which Claude Desktop installs by a double click"
    )
    bundle.add_argument("path", nargs="?", metavar="PATH", help="left out: beside you, with the version in its name")
    worker = commands.add_parser(
        "worker", help="run jobs of the doors on this home (they start one by themselves), or of many machines"
    )
    worker.add_argument(
        "--at-once", type=_from_one(1000), metavar="N", help="many machines: jobs at once, 32 by default"
    )
    worker.add_argument("--health", metavar="[HOST:]PORT", help="many machines: answer /health and /health/ready there")
    worker.add_argument("--detached", metavar="MARK", help=argparse.SUPPRESS)
    worker.add_argument("--lock", type=int, metavar="DESCRIPTOR", help=argparse.SUPPRESS)
    _add(commands, "doctor", "what is configured, what works, where files go, and how to mend what does not")
    completion = commands.add_parser("completion", help="print a script that completes commands in your shell")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


def _tier(text: str) -> str:
    """As people write it: Draft, ultra-plus, ultra+."""
    return text.lower().replace("-", "_").replace("+", "_plus")


def _with_dashes(text: str) -> str:
    return text.lower().replace("_", "-").replace(" ", "-")


def _add(commands: Any, name: str, text: str) -> Any:
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    return parser


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="MCP (/mcp, /sse), five image services, the page and health on one port")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8765)
    serve.add_argument(
        "--workers", type=_from_one(64), default=1, metavar="N", help="processes that answer on the port"
    )
    serve.add_argument("--public-url", metavar="URL", help="what clients see, when a proxy stands in front")
    serve.add_argument("--anonymous", action="store_true", help="let callers without a key in, 100 images a month each")
    serve.add_argument("--open-loopback", action="store_true", help="this machine needs no key although there are keys")
    serve.add_argument("--oauth", action="store_true", help="clients log in by a page that asks for a key")
    serve.add_argument("--tls-cert", metavar="FILE")
    serve.add_argument("--tls-key", metavar="FILE", help="readable by its owner alone")
    serve.add_argument("--member", metavar="JSON", help=argparse.SUPPRESS)
    serve.set_defaults(opens_page=False)
    gallery = commands.add_parser("gallery", help="look at the pictures and draw, in a browser")
    gallery.add_argument("--port", type=int, default=0, help="left out: any free one")
    gallery.add_argument("--no-browser", dest="opens_page", action="store_false", help="only say where the page is")
    gallery.set_defaults(
        host="127.0.0.1",
        workers=1,
        member=None,
        public_url=None,
        anonymous=False,
        open_loopback=False,
        oauth=False,
        tls_cert=None,
        tls_key=None,
    )


def _add_generate(commands: Any) -> None:
    generate = _add(commands, "generate", "draw a picture; without --out a copy is named by day, words and job")
    generate.add_argument("prompt", nargs="*", help="what to draw; quotes are not needed")
    generate.add_argument("--input", action="append", metavar="REFERENCE", help="a reference image; may be repeated")
    _add_picture_options(generate)
    edit = _add(commands, "edit", "change a picture")
    edit.add_argument("image", help="a file, an asset id, a job id or an https URL")
    edit.add_argument("prompt", nargs="+", help="what to change")
    edit.add_argument("--mask", metavar="REFERENCE", help="where it may change: white or transparent")
    edit.add_argument("--strength", type=float, metavar="0..1", help="how far from the original")
    edit.add_argument("--input", action="append", metavar="REFERENCE", help="a further image to go by")
    _add_picture_options(edit)


def _add_transform(commands: Any) -> None:
    transform = _add(commands, "transform", "cut out, enlarge, trace, extend, crop, resize or convert a picture")
    transform.add_argument("image", help="a file, an asset id, a job id or an https URL")
    transform.add_argument(
        "operation", help="remove_background, upscale, vectorize, extend, crop, resize or convert", metavar="OPERATION"
    )
    transform.add_argument("--scale", metavar="2|4", help="upscale")
    transform.add_argument("--size", metavar="WxH|W:H", help="crop, resize, extend: pixels or a shape")
    for edge in ("left", "top", "right", "bottom"):
        transform.add_argument(f"--{edge}", type=int, metavar="N", help="extend: pixels to add; crop: where it begins")
    transform.add_argument("--fit", choices=("cover", "contain", "stretch"), help="resize to another shape")
    transform.add_argument("--format", metavar="NAME", help="png, jpeg, webp, avif, ico or pdf")
    transform.add_argument("--provider", metavar="NAME", help="local: on this machine, free")
    transform.add_argument("--max-cost", type=float, metavar="USD")
    transform.add_argument("--out", metavar="PATH", help="also write it here; relative to the current directory")
    _add_no_preview(transform)
    save = _add(commands, "save", "write a finished picture to a file")
    save.add_argument("image", help="an asset id, a job id (ID#2 for its second picture), a file or an https URL")
    save.add_argument("path", help="relative to the current directory; its extension may say the format")
    save.add_argument("--format", metavar="NAME", help="png, jpeg, webp, avif, ico or pdf")
    save.add_argument("--size", metavar="WxH", help="pixels")
    save.add_argument("--fit", choices=("cover", "contain"), help="cut or fill to another shape")


def _add_picture_options(generate: Any) -> None:
    generate.add_argument("--reference", action="append", metavar="NAME", help="a kept character or style")
    generate.add_argument("--tier", type=_tier, choices=TIERS)
    generate.add_argument("--model", metavar="NAME")
    generate.add_argument("--provider", metavar="NAME")
    generate.add_argument("--size", metavar="WxH|W:H", help="pixels (1024x768) or a shape (16:9)")
    generate.add_argument("--width", type=int, metavar="N", help="pixels")
    generate.add_argument("--height", type=int, metavar="N", help="pixels")
    generate.add_argument("--n", type=int, metavar="N", help="1 to 4 images")
    generate.add_argument("--seed", type=int, metavar="N")
    generate.add_argument("--negative", metavar="TEXT", help="what to avoid")
    generate.add_argument("--style", metavar="NAME")
    generate.add_argument("--steps", type=int, metavar="N", help="1 to 50")
    generate.add_argument("--background", type=str.lower, choices=("transparent", "opaque", "auto"))
    generate.add_argument("--format", metavar="NAME", help="png, jpeg or webp")
    generate.add_argument("--template", metavar="NAME", help="one of the configuration file")
    generate.add_argument("--like", metavar="JOB", help="with that job's settings, seed, model and inputs")
    generate.add_argument("--max-cost", type=float, metavar="USD")
    generate.add_argument(
        "--urgency",
        choices=("now", "day", "day_else_now"),
        help="day: within 24 hours at half price, where a provider has that",
    )
    generate.add_argument("--key", metavar="TEXT", help="idempotency key: the same one never pays twice")
    generate.add_argument(
        "--out", metavar="PATH", help="write the image here; else it gets a name in the output directory"
    )
    _add_no_preview(generate)


def _add_no_preview(parser: Any) -> None:
    parser.add_argument("--no-preview", action="store_true", help="do not show the picture in the terminal")


def _add_assets(commands: Any) -> None:
    assets = _add(commands, "assets", "the stored images: where one came from, a copy of it, a check of every hash")
    assets.add_argument("action", choices=("list", "show", "export", "verify", "prune"))
    assets.add_argument("asset_id", nargs="?", help="an image's id, or the start of it")
    assets.add_argument("path", nargs="?", help="export: where to write it")
    assets.add_argument("--limit", type=int, default=20, metavar="N")
    _add_no_preview(assets)


def _add_changes(commands: Any) -> None:
    for name, text in (
        ("delete", "delete images for good; whoever asks for one later is told"),
        ("pin", "keep images though the store is above its cap"),
        ("unpin", "let images go again when the store is above its cap"),
    ):
        _add(commands, name, text).add_argument(
            "asset_ids", nargs="+", metavar="ID", help="an image's id, or its start"
        )


def _add_references(commands: Any) -> None:
    references = _add(commands, "references", "characters and styles by name: pictures and words to draw by")
    references.add_argument("action", choices=("add", "list", "remove"))
    references.add_argument("name", nargs="?", help="a letter, then letters, digits and - _")
    references.add_argument("pictures", nargs="*", metavar="PICTURE", help="files, asset ids, job ids or https URLs")
    references.add_argument("--words", metavar="TEXT", help="what it is, for the prompt: 'a girl of ten with red hair'")
    references.add_argument("--key-name", metavar="NAME", help="keep it for the callers with this key of the HTTP door")


def _add_keys(commands: Any) -> None:
    keys = _add(commands, "keys", "keys of the HTTP door: make, list, revoke, rotate")
    keys.add_argument("action", choices=("create", "list", "revoke", "rotate"))
    keys.add_argument("name", nargs="?", help="1 to 64 letters, digits and . _ -")
    keys.add_argument("--project", metavar="NAME", help="where its jobs are booked")
    keys.add_argument("--per-minute", type=int, metavar="N", help="images in any 60 s")
    keys.add_argument("--per-day", type=int, metavar="N")
    keys.add_argument("--per-month", type=int, metavar="N")
    keys.add_argument("--concurrency", type=int, metavar="N", help="jobs under way at once")
    keys.add_argument("--budget-usd-month", type=float, metavar="USD")
    keys.add_argument("--expires", metavar="30d|DATE", help="days from now, or an ISO date")


def _add_install(commands: Any) -> None:
    from imgforge_mcp.cli.install.clients import CLIENTS

    install = _add(commands, "install", "register with a client, so that it draws")
    names = [client.name for client in CLIENTS]
    install.add_argument("client", type=_with_dashes, choices=names, metavar="CLIENT", help=", ".join(names))
    install.add_argument("--uninstall", action="store_true", help="take the registration back")
    install.add_argument("--dry-run", action="store_true", help="show what would change, as a diff; write nothing")
    install.add_argument("--platform", choices=("linux", "macos", "windows"), help="show what would be done there")


def _add_webhooks(commands: Any) -> None:
    webhooks = _add(commands, "webhooks", "who is told that a job has ended: list, tell again, what signs it")
    webhooks.add_argument("action", choices=("list", "replay", "secret"))
    webhooks.add_argument("name", nargs="?", help="replay: a webhook's or a job's id; secret: a key's name")
    webhooks.add_argument("--limit", type=int, default=20, metavar="N")
