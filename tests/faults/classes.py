"""The classes of tests of reliability and security, and what belongs to each: the one registry that the table counts.

A class is files of tests (or single tests) and programs; a program's last line says how much it did.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

GENERATED = "tests/faults/test_generated_{}.py::test_{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A script with a run of its own; `counts` names what the groups of `pattern` in its output are."""

    words: tuple[str, ...]
    pattern: str
    counts: tuple[str, ...]

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", *self.words]

    def read(self, output: str) -> Mapping[str, int]:
        found = re.findall(self.pattern, output)
        if not found:
            return {"failed": 1}
        return dict(zip(self.counts, map(int, found[-1]), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """One row of the table."""

    title: str
    tests: tuple[str, ...]
    programs: tuple[Program, ...] = ()


POINTS = Program(
    words=("tests.faults.points", "--kills", "150", "--errors", "60", "--processes", "1"),
    pattern=r"(\d+) points, (\d+) broken",
    counts=("injected", "failed"),
)
CANARIES = Program(
    words=("tests.faults.canaries",), pattern=r"(\d+) addresses, (\d+) connections", counts=("hand", "failed")
)
SIMULATION = Program(
    words=("tests.faults.simulation", "--seeds", "50", "--processes", "1"),
    pattern=r"\d+ seeds, (\d+) jobs, (\d+) processes killed, (\d+) broken",
    counts=("generated", "injected", "failed"),
)

CLASSES: Mapping[str, Class] = {
    "A": Class(
        title="JSON-RPC and stdio abuse",
        tests=(
            *("tests/faults/test_stdio_abuse.py", "tests/faults/test_eras.py", "tests/mcp/test_kindly.py"),
            *(
                "tests/mcp/test_errors.py",
                GENERATED.format("doors", "a_server_on_stdio_outlives_every_line_and_says_nothing_but_json"),
            ),
            GENERATED.format("doors", "any_arguments_of_any_tool_end_as_an_answer_or_an_error_of_ours"),
        ),
    ),
    "B": Class(
        title="HTTP surface, access, headers",
        tests=(
            *("tests/e2e/test_http.py", "tests/http/test_access.py", "tests/http/test_tokens.py"),
            *("tests/http/test_tenants.py", "tests/e2e/test_conformance.py"),
            GENERATED.format("doors", "a_server_on_http_answers_every_request_without_a_defect"),
        ),
    ),
    "C": Class(
        title="load, slow and dying clients",
        tests=(
            *("tests/http/test_patience.py", "tests/http/test_bounds.py", "tests/faults/test_several_clients.py"),
            *("tests/faults/test_late.py", "tests/mcp/test_waiting.py"),
        ),
    ),
    "D": Class(
        title="process life",
        tests=(
            *("tests/faults/test_process_life.py", "tests/faults/test_restart.py", "tests/faults/test_detached.py"),
            "tests/faults/test_detached_kills.py",
        ),
    ),
    "E": Class(
        title="provider misbehaviour",
        tests=(
            *("tests/providers/test_conformance.py", "tests/providers/test_recorded.py", "tests/net/test_edges.py"),
            *("tests/providers/test_parse_anything.py", "tests/net/test_transport.py", "tests/net/test_retry_after.py"),
            *("tests/base/test_bounded_json.py", "tests/faults/test_foreign.py", "tests/faults/test_wire.py"),
            "tests/faults/test_last_resort.py",
        ),
    ),
    "F": Class(
        title="SSRF",
        tests=(
            *("tests/net/test_addresses.py", "tests/providers/test_addresses.py"),
            GENERATED.format("inputs", "no_spelling_of_a_special_address_is_let_through"),
        ),
        programs=(CANARIES,),
    ),
    "G": Class(
        title="local file arguments",
        tests=(
            *("tests/storage/test_paths.py", "tests/mcp/test_files.py"),
            GENERATED.format("inputs", "no_path_leads_out_of_the_allowed_folder"),
        ),
    ),
    "H": Class(
        title="hostile images",
        tests=(
            *("tests/media/test_decoder.py", "tests/media/test_kinds.py", "tests/faults/test_pictures.py"),
            *("tests/mcp/test_vector.py", "tests/faults/test_finds.py"),
            GENERATED.format("inputs", "a_broken_picture_is_sound_or_refused"),
        ),
    ),
    "I": Class(
        title="asset serving",
        tests=(
            *("tests/storage/test_image_stores.py", "tests/storage/test_store.py", "tests/mcp/test_resources.py"),
            "tests/http/test_generated_assets.py",
        ),
    ),
    "J": Class(
        title="storage faults",
        tests=(
            *("tests/faults/test_points.py", "tests/faults/test_storage.py", "tests/faults/test_home.py"),
            "tests/storage/test_registry_late.py",
        ),
        programs=(POINTS,),
    ),
    "K": Class(
        title="idempotency and money",
        tests=(
            *("tests/faults/test_money.py", "tests/faults/test_settling.py", "tests/faults/test_attempts.py"),
            *("tests/faults/test_kill.py", "tests/mcp/test_joining.py", "tests/jobs/test_joining.py"),
            *("tests/faults/test_generated_money.py", "tests/faults/test_free.py"),
        ),
    ),
    "L": Class(
        title="secrets",
        tests=(
            *("tests/faults/test_secrets.py", "tests/base/test_redaction.py", "tests/faults/test_sinks.py"),
            GENERATED.format("inputs", "no_piece_of_a_key_is_left_in_any_text"),
        ),
    ),
    "M": Class(
        title="hostile text to the model", tests=("tests/faults/test_hostile_text.py", "tests/faults/test_steering.py")
    ),
    "N": Class(title="platform quirks", tests=("tests/faults/test_quirks.py",)),
    "P": Class(title="deterministic simulation", tests=("tests/faults/test_simulation.py",), programs=(SIMULATION,)),
}
