"""The tests of that name once more, on PostgreSQL."""

from tests.faults.test_attempts import *  # noqa: F403

del test_one_picture_takes_one_read_and_three_writes_of_the_registry  # noqa: F821 - those of SQLite's connections
