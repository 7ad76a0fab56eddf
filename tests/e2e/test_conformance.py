"""The official conformance suite on `imgforge-mcp serve`: what applies here passes, and the rest has a reason."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.e2e._node import Node
from tests.e2e._program import Server

pytestmark = pytest.mark.long

SUITES = {
    "2025-03-26": "conformance-2026",
    "2025-06-18": "conformance-2025",
    "2025-11-25": "conformance-2025",
    "2026-07-28": "conformance-2026",
}

BOTH_ERAS = {"completion-complete", "prompts-list", "resources-list", "tools-list"}
HANDSHAKE = BOTH_ERAS | {"server-initialize", "ping"}
PASSES = {
    "2025-03-26": {"server-session-lifecycle"},
    "2025-06-18": HANDSHAKE,
    "2025-11-25": HANDSHAKE | {"server-sse-polling", "server-sse-multiple-streams", "dns-rebinding-protection"},
    "2026-07-28": BOTH_ERAS
    | {
        "caching",
        "dns-rebinding-protection",
        "http-header-validation",
        "input-required-result-unsupported-methods",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "server-stateless",
    },
}

FIXTURE_TOOL = "calls a tool that only the suite's own fixture server has"
FIXTURE_RESOURCE = "reads a resource that only the suite's own fixture server has"
FIXTURE_PROMPT = "gets a prompt that only the suite's own fixture server has"
NO_INPUT = "needs a fixture tool that asks the client for input; no tool of ours does"
DOES_NOT_APPLY = {
    "elicitation-sep1034-defaults": NO_INPUT,
    "elicitation-sep1330-enums": NO_INPUT,
    "http-custom-header-server-validation": "needs a fixture tool whose schema maps arguments to headers",
    "input-required-result-basic-elicitation": NO_INPUT,
    "input-required-result-basic-list-roots": NO_INPUT,
    "input-required-result-basic-sampling": NO_INPUT,
    "input-required-result-capability-check": NO_INPUT,
    "input-required-result-ignore-extra-params": NO_INPUT,
    "input-required-result-missing-input-response": NO_INPUT,
    "input-required-result-multi-round": NO_INPUT,
    "input-required-result-multiple-input-requests": NO_INPUT,
    "input-required-result-non-tool-request": NO_INPUT,
    "input-required-result-request-state": NO_INPUT,
    "input-required-result-result-type": NO_INPUT,
    "input-required-result-tampered-state": NO_INPUT,
    "input-required-result-validate-input": NO_INPUT,
    "json-schema-2020-12": FIXTURE_TOOL,
    "logging-set-level": "the logging capability is not declared; logs go to stderr",
    "prompts-get-embedded-resource": FIXTURE_PROMPT,
    "prompts-get-simple": FIXTURE_PROMPT,
    "prompts-get-with-args": FIXTURE_PROMPT,
    "prompts-get-with-image": FIXTURE_PROMPT,
    "resources-read-binary": FIXTURE_RESOURCE,
    "resources-read-text": FIXTURE_RESOURCE,
    "resources-subscribe": "the subscribe capability is not declared: an image never changes",
    "resources-templates-read": FIXTURE_RESOURCE,
    "resources-unsubscribe": "the subscribe capability is not declared: an image never changes",
    "tools-call-audio": FIXTURE_TOOL,
    "tools-call-elicitation": NO_INPUT,
    "tools-call-embedded-resource": FIXTURE_TOOL,
    "tools-call-error": FIXTURE_TOOL,
    "tools-call-image": FIXTURE_TOOL,
    "tools-call-mixed-content": FIXTURE_TOOL,
    "tools-call-sampling": NO_INPUT,
    "tools-call-simple-text": FIXTURE_TOOL,
    "tools-call-with-logging": FIXTURE_TOOL,
    "tools-call-with-progress": FIXTURE_TOOL,
}
"""Scenarios and why they cannot be run on this server."""

CHECKS_THAT_DO_NOT_APPLY = {
    "sep-2575-http-server-no-independent-requests-on-stream": FIXTURE_TOOL,
    "sep-2575-missing-capability-http-400": FIXTURE_TOOL,
    "sep-2575-server-no-log-without-loglevel": FIXTURE_TOOL,
    "sep-2575-server-rejects-undeclared-capability": FIXTURE_TOOL,
}
"""Single checks of scenarios that otherwise apply."""

EXTENSIONS = ("tasks-", "sep-2640-skills-")
"""Beginnings of scenarios for extensions that this server does not declare; the suite leaves them out by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    status: str
    complaint: str


Report = dict[str, list[Check]]


@pytest.fixture(scope="module")
def report_of(node: Node, server: Server, account: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs all scenarios of a protocol revision, once: `report_of(revision)`."""

    @cache
    def report(revision: str) -> Report:
        folder = tmp_path_factory.mktemp(revision)
        options = ["--url", f"{server.base_url}/mcp", "--suite", "all", "--spec-version", revision, "-o", str(folder)]
        answer = node.run(_suite(node, revision), "server", *options, environment=account)
        assert "=== SUMMARY ===" in answer.stdout, answer.stderr
        return {_scenario(path): _checks(path) for path in folder.glob("server-*/checks.json")}

    return report


def _suite(node: Node, revision: str) -> str:
    return node.module(SUITES[revision], "dist/index.js")


def _scenario(path: Path) -> str:
    match = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z", path.parent.name)
    assert match is not None, path
    return match[1]


def _checks(path: Path) -> list[Check]:
    entries = json.loads(path.read_text("utf-8"))
    return [Check(name=e["id"], status=e["status"], complaint=e.get("errorMessage", "")) for e in entries]


@pytest.mark.parametrize(
    ("revision", "scenario"),
    [(revision, scenario) for revision in SUITES for scenario in sorted(PASSES[revision])],
)
def test_the_server_conforms(revision: str, scenario: str, report_of: Any) -> None:
    checks: list[Check] = report_of(revision)[scenario]
    assert any(check.status in ("SUCCESS", "WARNING") for check in checks)
    assert [c for c in checks if c.status == "FAILURE" and c.name not in CHECKS_THAT_DO_NOT_APPLY] == []


@pytest.mark.parametrize("revision", list(SUITES))
def test_every_scenario_of_the_suite_is_run_or_has_a_reason(revision: str, report_of: Any) -> None:
    known = PASSES[revision] | DOES_NOT_APPLY.keys()
    assert report_of(revision).keys() - known == set()


def test_every_message_is_valid_by_the_protocols_schema_also_where_a_scenario_does_not_apply(report_of: Any) -> None:
    report: Report = report_of("2026-07-28")
    validated = [check for checks in report.values() for check in checks if check.name == "wire-schema-valid"]
    assert validated
    assert [check for check in validated if check.status != "SUCCESS"] == []


def test_no_reason_has_outlived_its_scenario(report_of: Any) -> None:
    reports = [report_of(revision) for revision in SUITES]
    failed = {
        name
        for report in reports
        for checks in report.values()
        for name in [check.name for check in checks if check.status == "FAILURE"]
    }
    assert DOES_NOT_APPLY.keys() - {scenario for report in reports for scenario in report} == set()
    assert CHECKS_THAT_DO_NOT_APPLY.keys() - failed == set()


def test_what_the_suite_leaves_out_by_itself_are_extensions(node: Node, account: dict[str, str]) -> None:
    answer = node.run(_suite(node, "2026-07-28"), "list", "--server", environment=account)
    listed = re.findall(r"^  - (\S+) \[extension\]$", answer.stdout, re.MULTILINE)
    assert listed
    assert [name for name in listed if not name.startswith(EXTENSIONS)] == []
