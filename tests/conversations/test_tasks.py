"""The twenty tasks, played: each call of a model answers what it has to, in few words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import OpenClient
from tests.conversations.playing import answer_of, bytes_of, files_in, filled, images_of, text_of
from tests.conversations.tasks import TASKS, Task
from tests.emulators import Emulator

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_a_task_is_done_with_the_calls_that_a_model_would_make(
    task: Task, emulate: Emulate, client_on: OpenClient, tmp_path: Path, home: Path
) -> None:
    files = files_in(tmp_path / "out")
    emulators = [emulate(name) for name in task.providers]
    for emulator in emulators:
        if fault := task.faults.get(emulator.name):
            emulator.fault(fault)
    results: list[dict[str, Any]] = []
    async with client_on(*emulators) as client:
        for step in task.steps:
            result = await client.call_tool(step.tool, filled(step.arguments, results, files))
            text = text_of(result)
            assert bool(result.is_error) is step.is_error, text
            assert [words for words in filled(step.says, results, files) if words not in text] == [], text
            assert [words for words in step.never if words in text] == [], text
            assert step.shows is None or images_of(result) == step.shows
            assert bytes_of(text) <= step.most_bytes, (bytes_of(text), text)
            results.append(answer_of(text))
    made = [job for job in results if "assets" in job]
    drawn = [asset for job in made for asset in job["assets"]]
    written = [answer for answer in results if str(answer.get("message", "")).startswith("Saved as")]
    items = [asset for answer in results for item in answer.get("items", []) for asset in item.get("assets", [])]
    assert len({asset["asset_id"] for asset in (*drawn, *items)}) + len(written) == task.pictures


def test_there_are_the_twenty_tasks() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS) >= 20
