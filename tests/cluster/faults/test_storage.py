"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_storage import *  # noqa: F403
