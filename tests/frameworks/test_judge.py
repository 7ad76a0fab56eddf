"""The judge of what frameworks send: what arrives is seen, what a provider would refuse is named."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from tests.frameworks._judge import judged

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
PATH = f"/home/u/assets/ab/{'c' * 62}.png"


def _jpeg() -> str:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


JPEG = _jpeg()


def in_chat(role: str, *parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(parts)}]}


def shown(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    ("path", "body", "arrived", "fault"),
    [
        pytest.param(CHAT, in_chat("tool", {"type": "text", "text": PATH}), {"path"}, "", id="a path"),
        pytest.param(CHAT, in_chat("user", shown(f"data:image/jpeg;base64,{JPEG}")), {"picture"}, "", id="a picture"),
        pytest.param(
            CHAT,
            in_chat("tool", shown(f"data:image/jpeg;base64,{JPEG}")),
            {"picture"},
            "in a tool's message",
            id="tool",
        ),
        pytest.param(CHAT, in_chat("user", shown("imgforge://assets/x")), set(), "nobody can open", id="a link"),
        pytest.param(CHAT, in_chat("tool", {"type": "text", "text": "A" * 4000}), set(), "base64 as text", id="text"),
        pytest.param(
            MESSAGES,
            {
                "messages": [
                    {
                        "content": [
                            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": JPEG}}
                        ]
                    }
                ]
            },
            set(),
            "image/jpeg declared as image/png",
            id="another type",
        ),
        pytest.param(
            CHAT, {**in_chat("user"), "tools": [{"name": "a.generate_image"}]}, set(), "the name", id="a name"
        ),
    ],
)
def test_what_arrives_is_seen_and_what_would_be_refused_is_named(
    path: str, body: dict[str, Any], arrived: set[str], fault: str
) -> None:
    found, faults = judged(path, body)
    assert found == arrived
    assert bool(faults) is bool(fault)
    assert fault in "".join(faults)
