"""What /openapi.json says is what the services do: schemathesis asks every operation things that nobody would."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e._program import fresh_account, serve

pytestmark = pytest.mark.long

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES, SEED = 4, 20261125


def test_no_answer_is_a_defect_and_none_is_other_than_described(tmp_path: Path) -> None:
    account = fresh_account(tmp_path, IMGFORGE_HOME=str(tmp_path / "home"))
    with serve(account) as server:
        address = f"{server.base_url}/openapi.json"
        # Batches draw up to fifty pictures each with the embedded engine, which would take minutes.
        words = ["run", address, "--checks", CHECKS, "--phases", "fuzzing", "--exclude-path-regex", "batch"]
        bounds = ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--request-timeout", "60"]
        told = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *words, *bounds],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            timeout=300,
            check=False,
        )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]
    assert "passed" in told.stdout
