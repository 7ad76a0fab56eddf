"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_foreign import *  # noqa: F403
