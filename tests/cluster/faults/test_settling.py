"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_settling import *  # noqa: F403
