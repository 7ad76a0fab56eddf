"""Whether tests of the cluster may be skipped: not where IMGFORGE_TEST_CLUSTER says `required`."""

import os
from typing import NoReturn

import pytest


def skip(reason: str) -> NoReturn:
    if os.environ.get("IMGFORGE_TEST_CLUSTER") == "required":
        pytest.fail(f"{reason}, and IMGFORGE_TEST_CLUSTER is required")
    pytest.skip(reason)
