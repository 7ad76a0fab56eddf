"""A model that is played: it calls `generate_image` once and then says goodbye, as OpenAI's chat and responses,
Anthropic's messages or Gemini's generateContent would; every request is kept."""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.emulators._serve import serve

Json = dict[str, Any]
ASKED = {"prompt": "a red fox in the snow", "width": 256, "height": 256}
CALL_ID, GOODBYE = "call_imgforge_0001", "There is your fox."
USAGE = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}


class Model:
    """The endpoint, and what it was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Json]] = []

    @contextmanager
    def serve(self) -> Iterator[str]:
        answers = (
            ("/v1/chat/completions", self._chat),
            ("/v1/responses", self._responses),
            ("/v1/messages", self._messages),
            ("/{version}/models/{call:path}", self._gemini),
        )
        routes = [Route(path, self._answered(answer), methods=["POST"]) for path, answer in answers]
        with serve(Starlette(routes=routes)) as url:
            yield url

    def _answered(self, answer: Callable[[str, Json], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await request.json()
            self.requests.append((request.url.path, body))
            return answer(request.url.path, body)

        return endpoint

    def _chat(self, path: str, body: Json) -> Response:
        name = _named(body, "function")
        is_done = any(message["role"] == "tool" for message in body["messages"]) or name is None
        called = {"id": CALL_ID, "type": "function", "function": {"name": name, "arguments": json.dumps(ASKED)}}
        message: Json = {"role": "assistant", "content": GOODBYE if is_done else None}
        message |= {} if is_done else {"tool_calls": [called]}
        end = "stop" if is_done else "tool_calls"
        whole = {"id": "chat_1", "object": "chat.completion", "created": 1, "model": body["model"], "usage": USAGE}
        if not body.get("stream"):
            return JSONResponse({**whole, "choices": [{"index": 0, "message": message, "finish_reason": end}]})
        delta = {**message, "tool_calls": [{**called, "index": 0}]} if not is_done else message
        return _events(
            {
                **whole,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": part, "finish_reason": reason}],
            }
            for part, reason in ((delta, None), ({}, end))
        )

    def _responses(self, path: str, body: Json) -> Response:
        name = _named(body, "")
        is_done = any(item.get("type") == "function_call_output" for item in body["input"]) or name is None
        words = [{"type": "output_text", "text": GOODBYE, "annotations": []}]
        item: Json = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": words}
        if not is_done:
            item = {"type": "function_call", "id": "fc_1", "call_id": CALL_ID, "name": name, "status": "completed"}
            item |= {"arguments": json.dumps(ASKED), **_space(body)}
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        whole: Json = {
            **{"id": "resp_1", "object": "response", "created_at": 1, "model": body["model"], "status": "completed"},
            **{"output": [item], "parallel_tool_calls": False, "tool_choice": "auto", "tools": []},
            "usage": {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18, **details},
        }
        if not body.get("stream"):
            return JSONResponse(whole)
        return _events(
            [
                {"type": "response.created", "response": {**whole, "output": [], "status": "in_progress"}},
                {"type": "response.output_item.added", "output_index": 0, "item": item},
                {"type": "response.output_item.done", "output_index": 0, "item": item},
                {"type": "response.completed", "response": whole},
            ],
            named=True,
        )

    def _messages(self, path: str, body: Json) -> Response:
        parts = [part for each in body["messages"] if isinstance(each["content"], list) for part in each["content"]]
        name = _named(body, "")
        is_done = any(part.get("type") == "tool_result" for part in parts) or name is None
        block: Json = {"type": "text", "text": GOODBYE}
        if not is_done:
            block = {"type": "tool_use", "id": "toolu_01", "name": name, "input": ASKED}
        end, usage = "end_turn" if is_done else "tool_use", {"input_tokens": 9, "output_tokens": 9}
        whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [block]}
        whole |= {"stop_reason": end, "stop_sequence": None, "usage": usage}
        if not body.get("stream"):
            return JSONResponse(whole)
        start = {**block, "text": ""} if is_done else {**block, "input": {}}
        delta = {"type": "text_delta", "text": GOODBYE}
        if not is_done:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(ASKED)}
        return _events(
            [
                {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
                {"type": "content_block_start", "index": 0, "content_block": start},
                {"type": "content_block_delta", "index": 0, "delta": delta},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": {"stop_reason": end, "stop_sequence": None}, "usage": usage},
                {"type": "message_stop"},
            ],
            named=True,
        )

    def _gemini(self, path: str, body: Json) -> Response:
        parts = [part for each in body["contents"] for part in each["parts"]]
        declared = [tool for group in body.get("tools", []) for tool in group.get("functionDeclarations", [])]
        name = next((tool["name"] for tool in declared if tool["name"].endswith("generate_image")), None)
        is_done = any("functionResponse" in part for part in parts) or name is None
        part: Json = {"text": GOODBYE} if is_done else {"functionCall": {"name": name, "args": ASKED}}
        content = {"role": "model", "parts": [part]}
        whole = {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": {}}
        return _events([whole]) if path.endswith(":streamGenerateContent") else JSONResponse(whole)


def _named(body: Json, inside: str) -> str | None:
    """The name under which the framework offers our tool; None where it does not."""
    tools = [tool.get(inside, tool) if inside else tool for tool in _flat(body.get("tools") or [])]
    names = [str(tool.get("name", "")) for tool in tools]
    return next((name for name in names if name.endswith("generate_image")), None)


def _flat(tools: list[Json]) -> Iterator[Json]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from tool.get("tools", [])
        else:
            yield tool


def _space(body: Json) -> Json:
    """The namespace in which Codex offers the tools of a server."""
    for tool in body.get("tools") or []:
        if tool.get("type") == "namespace" and any(each["name"].endswith("generate_image") for each in tool["tools"]):
            return {"namespace": tool["name"]}
    return {}


def _events(events: Any, *, named: bool = False) -> Response:
    lines = [(f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n" for event in events]
    end = "" if named else "data: [DONE]\n\n"
    return Response("".join(lines) + end, media_type="text/event-stream")
