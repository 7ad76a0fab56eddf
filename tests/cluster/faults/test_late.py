"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_late import *  # noqa: F403
