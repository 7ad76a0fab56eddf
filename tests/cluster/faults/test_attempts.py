"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_attempts import *  # noqa: F403
