"""Whether each class can find anything: `python -m tests.faults.breaks [--only A,H]` breaks the code on purpose.

Each break is put into a copy of the tree, and a test of its class must fail there. Ends with 1 if one does not, or if
what was to be broken is no longer in the code.
"""

import argparse
import sys
from dataclasses import dataclass

from tests.faults.spoiling import NOTICED, Change, copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Break(Change):
    """A change that a test of a class, `test`, must notice."""

    letter: str
    meaning: str
    test: str


BREAKS = (
    Break(
        letter="A",
        meaning="a broken line is not answered as one",
        path="mcp/stdio.py",
        old='return types.PARSE_ERROR, "Not valid JSON.", None',
        new='return types.INVALID_REQUEST, "Not valid JSON.", None',
        test="test_stdio_abuse.py::test_a_hundred_bad_lines_get_a_hundred_answers",
    ),
    Break(
        letter="B",
        meaning="any Host is ours",
        path="http/guard.py",
        old="if len(hosts) != 1 or _host(hosts[0]) not in self._hosts:",
        new="if len(hosts) != 1:",
        test="../e2e/test_http.py::test_a_foreign_host_gets_in_nowhere",
    ),
    Break(
        letter="C",
        meaning="a head may take as long as it likes",
        path="http/patience.py",
        old="HEAD_SECONDS = 15.0",
        new="HEAD_SECONDS = float('inf')",
        test="../http/test_patience.py",
    ),
    Break(
        letter="D",
        meaning="a decode process does not look after its parent",
        path="media/decode_process.py",
        old="if os.getppid() != parent:",
        new="if os.getppid() == -1:",
        test="test_process_life.py::test_a_decode_process_does_not_outlive_a_killed_server",
    ),
    Break(
        letter="E",
        meaning="an answer that is lost after sending counts as never sent",
        path="net/transport.py",
        old='return Ambiguous(f"{what} after the request was sent.")',
        new='return Unavailable(f"{what}.")',
        test="test_wire.py",
    ),
    Break(
        letter="F",
        meaning="the metadata service is public",
        path="net/addresses.py",
        old='        "169.254.0.0/16",\n',
        new="",
        test="test_generated_inputs.py::test_no_spelling_of_a_special_address_is_let_through",
    ),
    Break(
        letter="G",
        meaning="a link is followed",
        path="storage/paths.py",
        old="return os.open(relative.name, READING | os.O_NOFOLLOW, dir_fd=folder)",
        new="return os.open(relative.name, READING, dir_fd=folder)",
        test="../storage/test_paths.py::test_a_link_is_not_followed",
    ),
    Break(
        letter="H",
        meaning="every picture is decoded in the server itself",
        path="media/decoder.py",
        old="            return await self._in_process(name, data, options, seconds)\n",
        new="            return await anyio.to_thread.run_sync(partial(TASKS[name], data, **options))\n",
        test="../media/test_decoder.py::test_a_picture_that_crashes_the_decoder_is_refused_and_the_next_is_decoded",
    ),
    Break(
        letter="I",
        meaning="a browser may guess what an asset is",
        path="http/images.py",
        old='"X-Content-Type-Options": "nosniff",',
        new="",
        test="../http/test_generated_assets.py",
    ),
    Break(
        letter="J",
        meaning="a home that cannot be used is somebody else's exception",
        path="storage/home.py",
        old="except (OSError, ValueError) as error:",
        new="except KeyError as error:",
        test="test_home.py",
    ),
    Break(
        letter="K",
        meaning="what failed was never billed",
        path="jobs/attempts.py",
        old="is_billed = error.maybe_billed = error.maybe_billed and error.cost_usd is None and upstream.may_cost",
        new="is_billed = False",
        test="test_settling.py",
    ),
    Break(
        letter="L",
        meaning="nothing is masked",
        path="base/redaction.py",
        old="secrets = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]",
        new="secrets = []",
        test="test_sinks.py",
    ),
    Break(
        letter="M",
        meaning="a provider's words come as they are",
        path="providers/reading/wire.py",
        old='clean = "".join(character if character.isprintable() else " " for character in text[:2000])',
        new="clean = text",
        test="test_hostile_text.py",
    ),
    Break(
        letter="N",
        meaning="the registry is made with the rights of everybody",
        path="storage/registry/sqlite/database.py",
        old="self._path.touch(mode=0o600)",
        new="self._path.touch(mode=0o666)",
        test="test_quirks.py::test_the_server_draws_in_a_process_of_an_odd_kind[a mask that lets everybody in]",
    ),
    Break(
        letter="P",
        meaning="what failed was never billed",
        path="jobs/attempts.py",
        old="is_billed = error.maybe_billed = error.maybe_billed and error.cost_usd is None and upstream.may_cost",
        new="is_billed = False",
        test="test_simulation.py::test_whatever_fails_and_whoever_dies_the_books_say_what_happened[0]",
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.breaks")
    parser.add_argument("--only", default="")
    letters = parser.parse_args().only.split(",")
    missed = 0
    with copied() as copy:
        for wanted in BREAKS:
            if letters == [""] or wanted.letter in letters:
                how = copy.how(wanted, [f"tests/faults/{wanted.test}"])
                missed += how != NOTICED
                sys.stdout.write(f"{wanted.letter} {wanted.meaning}: {how}\n")
                sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
