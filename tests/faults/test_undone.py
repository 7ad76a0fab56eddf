"""The table of what can be undone is whole: each fault has a place in it, which its code and its tests still have."""

import pytest

from tests.faults.reported import HELD
from tests.faults.undone import UNDONE, Undone


def test_every_reported_fault_can_be_undone() -> None:
    assert {each.fault for each in UNDONE} == set(HELD)


@pytest.mark.parametrize("wanted", UNDONE, ids=lambda each: f"{each.fault} {each.meaning}")
def test_what_is_to_be_undone_is_in_the_code_once_and_its_test_is_one_that_holds_the_fault(wanted: Undone) -> None:
    assert wanted.places == 1
    assert wanted.new != wanted.old
    assert wanted.tests
    assert wanted.test.startswith(tuple(HELD[wanted.fault][1].split()))
