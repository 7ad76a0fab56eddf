"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_several_clients import *  # noqa: F403
