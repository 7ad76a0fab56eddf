"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_settling import *  # noqa: F403
from tests.faults.test_settling import _priced

__all__ = ["_priced"]  # every test's prices; what begins so comes with no star
