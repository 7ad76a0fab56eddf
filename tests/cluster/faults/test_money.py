"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_money import *  # noqa: F403
