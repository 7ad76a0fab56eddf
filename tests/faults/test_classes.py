"""The registry of the classes is whole: every class has tests that are there, and a break that its code still has."""

from pathlib import Path

import pytest

from tests.faults.breaks import BREAKS, Break
from tests.faults.classes import CLASSES
from tests.faults.spoiling import ROOT

HERE = Path(__file__).parent


@pytest.mark.parametrize("letter", CLASSES)
def test_what_a_class_counts_is_there(letter: str) -> None:
    for named in CLASSES[letter].tests:
        path, _, test = named.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text("utf-8") if test else (ROOT / path).is_file(), named


def test_every_class_can_be_broken() -> None:
    assert {each.letter for each in BREAKS} == set(CLASSES)


@pytest.mark.parametrize("wanted", BREAKS, ids=lambda each: f"{each.letter} {each.meaning}")
def test_what_is_to_be_broken_is_in_the_code_once(wanted: Break) -> None:
    assert wanted.places == 1
    path, _, test = wanted.test.partition("::")
    assert f"def {test.partition('[')[0]}(" in (HERE / path).read_text("utf-8") if test else (HERE / path).is_file()
