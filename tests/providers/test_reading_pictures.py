"""The reader of pictures: what is certainly an image is found in any wrapping, and nothing else is taken for one."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from imgforge_mcp.base.errors import BadReply, ContentRefused
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Images, Operation, Picture, Reply
from imgforge_mcp.providers.reading.pictures import found_in
from imgforge_mcp.providers.services import load, names
from tests.emulators._picture import draw
from tests.providers._calls import call_for, reply

PNG = draw("a red fox", 65, 48).data
JPEG = draw("a red fox", 64, 48, "image/jpeg").data
SVG = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>"
B64 = base64.b64encode(PNG).decode()
SAFE = base64.urlsafe_b64encode(PNG).decode()
URL = "https://cdn.example/x.png"
JOB = Operation(operation_id="r1", url="/result", data={"response_url": "/result"})
HERE = "/generated-images/x.png"

SPELLINGS = [
    pytest.param(B64, id="plain"),
    pytest.param(B64.rstrip("="), id="without padding"),
    pytest.param(SAFE, id="URL-safe"),
    pytest.param(SAFE.rstrip("="), id="URL-safe without padding"),
    pytest.param(base64.encodebytes(PNG).decode(), id="in lines"),
    pytest.param(f"  {B64}\r\n", id="space around"),
    pytest.param(B64.replace("/", "\\n/", 1), id="an escaped line break"),
    pytest.param(quote(B64, safe=""), id="escaped for a URL"),
    pytest.param(f"b'{B64}'", id="as Python prints bytes"),
    pytest.param(f"data:image/png;base64,{B64}", id="a data URL"),
    pytest.param(f"DATA:image/png;BASE64,{B64}", id="a data URL in capitals"),
    pytest.param(f"data:;base64,{B64}", id="a data URL without a type"),
    pytest.param(f"data:image/png;charset=utf-8;base64,{SAFE.rstrip('=')}", id="a data URL with a parameter"),
    pytest.param(
        f"data:application/octet-stream;base64,\n{base64.encodebytes(PNG).decode()}", id="a data URL in lines"
    ),
    pytest.param(f"data:image/png,{quote(PNG, safe='')}", id="a data URL without base64"),
    pytest.param(f"image/png;base64,{B64}", id="a data URL whose scheme was cut off"),
    pytest.param(f"base64,{B64}", id="no more than its mark"),
    pytest.param(f'"{B64}"', id="in quotes"),
    pytest.param(B64.replace("/", "\\/"), id="escaped for JSON"),
]


def wrapped(value: Any) -> list[Any]:
    """The places in which adapters' own documents put a picture's text."""
    return [
        {"data": [{"b64_json": value}]},
        {
            "candidates": [
                {"content": {"parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": value}}]}}
            ]
        },
        {"result": {"image": value}, "success": True},
        {"artifacts": [{"base64": value, "finishReason": "SUCCESS"}]},
        {"predictions": [{"bytesBase64Encoded": value}]},
        {"image": value, "finish_reason": "SUCCESS", "seed": 7},
        {"images": [value]},
    ]


@pytest.mark.parametrize("text", SPELLINGS)
def test_base64_is_read_however_it_is_spelled_and_wherever_it_stands(text: str) -> None:
    for body in wrapped(text):
        found = found_in(reply(body))
        assert [picture.data for picture in found.pictures] == [PNG], body
        assert (found.broken, found.refused) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"image": URL}, id="one field"),
        pytest.param({"images": [URL]}, id="a list of addresses"),
        pytest.param([{"url": URL}], id="a bare list of objects"),
        pytest.param([URL], id="a bare list"),
        pytest.param(URL, id="a bare text"),
        pytest.param({"image": {"url": URL, "width": 4}}, id="one object"),
        pytest.param({"output": URL}, id="output"),
        pytest.param({"output": [URL]}, id="a list of outputs"),
        pytest.param({"output": {"image": URL}}, id="output as an object"),
        pytest.param({"output": {"images": [{"image_url": URL}]}}, id="output, nested"),
        pytest.param({"data": {"images": [URL]}}, id="data as an object"),
        pytest.param({"data": [{"url": URL}]}, id="OpenAI"),
        pytest.param({"data": [{"image": URL}]}, id="data with image"),
        pytest.param({"data": [{"image_url": {"url": URL}}]}, id="image_url as an object"),
        pytest.param({"data": [URL, None, ""]}, id="data as texts"),
        pytest.param({"result": {"sample": URL}}, id="BFL"),
        pytest.param({"status": "ok", "result": {"result": {"images": [{"uri": URL}]}}}, id="results in results"),
        pytest.param({"choices": [{"message": {"content": "", "images": [{"image_url": {"url": URL}}]}}]}, id="chat"),
        pytest.param({"choices": [{"message": {"content": f"Here: ![fox]({URL})"}}]}, id="markdown"),
        pytest.param(
            {"id": "1", "url": "https://api.example/self", "images": [{"url": URL}]}, id="an address of itself"
        ),
        pytest.param({"data": [{"b64_json": None, "url": URL}]}, id="null beside it"),
        pytest.param({"data": [{"b64_json": "%%%", "url": URL}]}, id="broken base64 beside it"),
        pytest.param({"nobody": {"documented": [{"this": URL}]}}, id="under unknown names"),
        pytest.param({"logs": ["https://x.example/a.png"], "output": URL}, id="a picture in the logs"),
        pytest.param({"input": {"image_url": "https://x.example/in.png"}, "output": [URL]}, id="what it was given"),
        pytest.param({"images": [URL], "data": [{"url": URL}]}, id="the same one twice"),
        pytest.param({"images": {"0": {"url": URL}}}, id="an object by number"),
        pytest.param({"output": {"url": [URL]}}, id="a list in place of an address"),
        pytest.param({"result": {"urls": [URL]}}, id="a list of bare addresses"),
        pytest.param({"imageURLs": [URL]}, id="another spelling of the same name"),
        pytest.param({"data": {"task_result": {"images": [{"index": 0, "url": URL}]}}}, id="a task's result"),
        pytest.param({"candidates": [{"content": {"parts": [{"fileData": {"fileUri": URL}}]}}]}, id="a file's data"),
        pytest.param({"statusCode": 200, "body": json.dumps({"images": [URL]})}, id="JSON in a text"),
        pytest.param(json.dumps({"images": [URL]}), id="JSON in a JSON text"),
        pytest.param({"choices": [{"message": {"content": json.dumps({"url": URL})}}]}, id="JSON in a message"),
        pytest.param({"choices": [{"message": {"content": f"Here it is: {URL}"}}]}, id="in a sentence"),
        pytest.param({"choices": [{"message": {"content": f"[a red fox]({URL})"}}]}, id="a link in markdown"),
        pytest.param({"Data": [{"Url": URL}]}, id="names with capitals"),
        pytest.param({"Response": {"ResultImage": [URL], "ResultDetails": ["Success"]}}, id="Tencent"),
        pytest.param({"images": [{"image-url": URL}]}, id="names with dashes"),
        pytest.param({"data": {"sub_task_result_list": [{"final_image_list": [{"img_url": URL}]}]}}, id="Baidu"),
        pytest.param({"status": "ok", "output_url": URL}, id="an output's address"),
        pytest.param({"images": [{"path": "/tmp/x.webp", "url": URL}]}, id="a path of the server's own beside it"),
        pytest.param({"seeds": [1], "finish_reasons": [None], "images": [URL]}, id="reasons in a list"),
        pytest.param(f"<?xml version='1.0'?><Result><Url>{URL}</Url></Result>".encode(), id="XML"),
    ],
)
def test_an_address_is_found_in_every_shape_that_services_and_gateways_use(body: Any) -> None:
    assert [picture.url for picture in found_in(reply(body)).pictures] == [URL]


PLAIN = "https://cdn.example/files/3f2a"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"generations_by_pk": {"generated_images": [{"url": PLAIN, "nsfw": False}]}}, id="Leonardo"),
        pytest.param({"data": {"type": "image", "attributes": {"image_url": PLAIN}}}, id="JSON:API"),
        pytest.param({"data": {"generateImage": {"image": {"url": PLAIN}}}}, id="GraphQL"),
    ],
)
def test_a_picture_below_a_name_that_nobody_documented_is_one(body: Any) -> None:
    assert [picture.url for picture in found_in(reply(body)).pictures] == [PLAIN]


def test_an_address_with_spaces_is_written_as_addresses_are() -> None:
    body = {"images": [{"url": "http://127.0.0.1:7860/file=outputs/a red fox.png"}, "outputs/a red fox.png"]}
    escaped = ["http://127.0.0.1:7860/file=outputs/a%20red%20fox.png", "outputs/a%20red%20fox.png"]
    assert [picture.url for picture in found_in(reply(body)).pictures] == escaped


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"Done: ![fox]({PLAIN})", id="markdown"),
        pytest.param(f"![fox](<{PLAIN}>)", id="markdown in angles"),
        pytest.param(f'![fox]({PLAIN} "a fox")', id="markdown with a title"),
        pytest.param(f"<img src='{PLAIN}' alt=''>", id="HTML"),
        pytest.param('```json\n{"url": "' + PLAIN + '"}\n```', id="JSON in a block of code"),
    ],
)
def test_an_address_without_an_extension_is_a_picture_where_the_text_says_so(text: str) -> None:
    body = {"choices": [{"message": {"content": text}}]}
    assert [picture.url for picture in found_in(reply(body)).pictures] == [PLAIN]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"type": "Buffer", "data": list(PNG)}, id="Node's buffer"),
        pytest.param({"images": [{"type": "Buffer", "data": list(PNG)}]}, id="a list of buffers"),
        pytest.param({"image": list(PNG)}, id="numbers"),
        pytest.param({"image": PNG.hex()}, id="hex digits"),
        pytest.param(
            {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": B64}}]},
            id="a source",
        ),
        pytest.param({"choices": [{"message": {"content": f'<img src="data:image/png;base64,{B64}">'}}]}, id="HTML"),
        pytest.param({"statusCode": 200, "isBase64Encoded": True, "body": B64}, id="a function's answer"),
        pytest.param(b"\r\n" + PNG, id="an empty line before it"),
        pytest.param(B64.encode(), id="base64 alone"),
        pytest.param(f'{{"status": "working"}}\n{{"image": "{B64}"}}\n'.encode(), id="JSON, a line each"),
        pytest.param(f'event: done\r\ndata: {{"image":\r\ndata: "{B64}"}}\r\n\r\n'.encode(), id="an event in lines"),
        pytest.param(f'id: 1\ndata: {{"image": "{B64}"}}\ndata: [DONE]\n'.encode(), id="events without empty lines"),
        pytest.param({"image": {str(place): byte for place, byte in enumerate(PNG)}}, id="a typed array"),
        pytest.param({"image": [byte - 256 * (byte > 127) for byte in PNG]}, id="numbers with signs, as Java has them"),
        pytest.param({"image": f"0x{PNG.hex()}"}, id="hex digits with their mark"),
        pytest.param({"image": f"\\x{PNG.hex()}"}, id="hex digits of a database"),
        pytest.param({"data": {"image_base64": [B64]}, "base_resp": {"status_code": 0}}, id="MiniMax"),
        pytest.param({"data": [{"b64_json": base64.b64encode(B64.encode()).decode()}]}, id="encoded twice"),
        pytest.param(
            {"data": [{"b64_json": base64.b64encode(f"data:;base64,{B64}".encode()).decode()}]},
            id="a data URL, encoded",
        ),
        pytest.param({"choices": [{"message": {"content": f"```\n{B64}\n```"}}]}, id="a block of code"),
        pytest.param(
            b'data: {"type": "response.output_item.done", "item": {"type": "image_generation_call", "result": "'
            + B64.encode()
            + b'"}}\n\n',
            id="an item of a stream",
        ),
        pytest.param({"content": [{"type": "resource", "resource": {"blob": B64}}]}, id="a resource"),
    ],
)
def test_the_bytes_are_found_in_every_wrapping(body: Any) -> None:
    assert [picture.data for picture in found_in(reply(body)).pictures] == [PNG]


def test_a_picture_is_found_among_the_parts_of_a_multipart_answer() -> None:
    head = b'--X\r\nContent-Disposition: form-data; name="image"\r\nContent-Type: image/png\r\n\r\n'
    more = b'\r\n--X\r\nContent-Type: application/json\r\n\r\n{"image": "' + URL.encode() + b'"}\r\n--X--\r\n'
    for body in (head + PNG + more, head.replace(b"\r\n", b"\n") + PNG + more.replace(b"\r\n", b"\n")):
        answer = Reply(status=200, headers={"content-type": "multipart/form-data; boundary=X"}, body=body)
        assert found_in(answer).pictures == [Picture(data=PNG), Picture(url=URL)]


def test_a_large_picture_in_the_words_of_a_message_is_whole() -> None:
    large = PNG + b"\0" * 2_000_000
    content = f"![image](data:image/png;base64,{base64.b64encode(large).decode()})"
    assert found_in(reply({"choices": [{"message": {"content": content}}]})).pictures == [Picture(data=large)]


def test_a_path_alone_is_a_picture_if_it_ends_as_one() -> None:
    assert found_in(reply(b"/generated-images/x.png\n")).pictures == [Picture(url="/generated-images/x.png")]
    assert found_in(reply(b"/var/log/error")).pictures == []


@pytest.mark.parametrize(
    "kind", ["application/json", "application/octet-stream", "image/png", "text/html", "text/plain", ""]
)
@pytest.mark.parametrize(
    "data", [pytest.param(PNG, id="png"), pytest.param(JPEG, id="jpeg"), pytest.param(SVG, id="svg")]
)
def test_raw_bytes_are_a_picture_whatever_is_declared(data: bytes, kind: str) -> None:
    answer = Reply(status=200, headers={"content-type": kind}, body=data)
    assert [picture.data for picture in found_in(answer).pictures] == [data]


@pytest.mark.parametrize(
    ("body", "kept", "broken", "refused"),
    [
        pytest.param({"data": [{"b64_json": B64}, {"b64_json": "%"}, {"url": URL}]}, 2, 1, 0, id="one is broken"),
        pytest.param({"data": [{"b64_json": B64}, {"b64_json": ""}, None]}, 1, 0, 0, id="empty ones"),
        pytest.param({"images": [{"url": "a\nb"}, {"url": URL}]}, 1, 1, 0, id="an address that is none"),
        pytest.param(
            {"data": [{"respect_moderation": False, "url": None}, {"url": URL}]}, 1, 0, 1, id="one was withheld"
        ),
        pytest.param(
            {"images": [{"url": URL}, {"url": HERE}], "has_nsfw_concepts": [True, False]}, 1, 0, 1, id="black"
        ),
        pytest.param(
            {"artifacts": [{"base64": "", "finishReason": "CONTENT_FILTERED"}]}, 0, 0, 1, id="nothing but that"
        ),
        pytest.param({"predictions": [{"bytesBase64Encoded": B64}, {"raiFilteredReason": "x"}]}, 1, 0, 1, id="imagen"),
        pytest.param(
            {
                "candidates": [
                    {"finishReason": "IMAGE_SAFETY"},
                    {"content": {"parts": [{"inline_data": {"data": B64}}]}},
                ]
            },
            1,
            0,
            1,
            id="one candidate of two",
        ),
        pytest.param({"finish_reasons": ["Filter reason: prompt"]}, 0, 0, 1, id="a reason in a list"),
        pytest.param(
            {"finish_reasons": [None, "Filter reason: output image"], "images": [B64, ""]}, 1, 0, 1, id="one of a list"
        ),
        pytest.param(
            {"data": [{"url": URL}, {"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}]},
            1,
            0,
            1,
            id="an error in the place of one",
        ),
        pytest.param(
            {"output": {"results": [{"url": URL}, {"code": "DataInspectionFailed", "message": "no"}]}},
            1,
            0,
            1,
            id="a code in the place of one",
        ),
    ],
)
def test_what_came_is_kept_beside_what_did_not(body: Any, kept: int, broken: int, refused: int) -> None:
    found = found_in(reply(body))
    assert (len(found.pictures), found.broken, found.refused) == (kept, broken, refused)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"id": "x", "urls": {"get": "https://x/1.png", "cancel": "https://x/2.png"}}, id="a handle's URLs"
        ),
        pytest.param({"input": {"image": f"data:image/png;base64,{B64}"}, "output": None}, id="the input"),
        pytest.param({"parameters": {"init_images": [B64]}, "images": []}, id="A1111's echo"),
        pytest.param({"preview": f"data:image/png;base64,{B64}", "result": None}, id="a preview"),
        pytest.param({"thumbnail_url": "https://x/1.png"}, id="a small one"),
        pytest.param(
            {"candidates": [{"content": {"parts": [{"thought": True, "inlineData": {"data": B64}}]}}]}, id="a thought"
        ),
        pytest.param({"message": "see https://docs.example/errors"}, id="a sentence with an address"),
        pytest.param({"message": "https://docs.example/errors"}, id="an address of documentation"),
        pytest.param({"message": "see [the page](https://docs.example/errors)"}, id="a link to documentation"),
        pytest.param({"message": '{"error": "no"}'}, id="an error as JSON in a text"),
        pytest.param({"image": [1, 2, 3] * 20}, id="numbers that are no image"),
        pytest.param({"id": "89504e470d0a1a0a"}, id="an id of hex digits"),
        pytest.param({"error": {"message": "no", "image": "https://x/1.png"}}, id="an error"),
        pytest.param({"data": ["text", 7, True]}, id="words"),
        pytest.param({"user": {"avatar": "https://x/1.png"}}, id="a portrait"),
        pytest.param({"mask": B64, "request": {"images": [URL]}}, id="a mask"),
        pytest.param({"status": 404, "path": "/v1/images/generations"}, id="the path that was asked for"),
        pytest.param({"job": {"parameters": {"image": "https://x.example/in"}}}, id="what it was given, below"),
        pytest.param({"images": [{"url": URL}], "has_nsfw_concepts": [True]}, id="a black one"),
        pytest.param({"revised_prompt": "a fox", "created": 1}, id="nothing"),
        pytest.param([], id="an empty list"),
        pytest.param("", id="an empty text"),
        pytest.param(b"<html><title>x</title></html>", id="a page"),
        pytest.param(b"Internal Server Error", id="plain text"),
        pytest.param(b"", id="no body"),
    ],
)
def test_nothing_else_is_taken_for_a_picture(body: Any) -> None:
    assert found_in(reply(body)).pictures == []


def test_a_stream_of_events_ends_with_its_pictures_and_drafts_do_not_count() -> None:
    events = [
        {"type": "image_generation.partial_image", "b64_json": base64.b64encode(JPEG).decode()},
        {"type": "image_generation.completed", "b64_json": B64},
    ]
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    answer = Reply(status=200, headers={"content-type": "text/event-stream"}, body=body.encode())
    assert [picture.data for picture in found_in(answer).pictures] == [PNG]


def test_a_seed_is_the_items_own_or_that_of_the_whole() -> None:
    body = {"seed": 7, "images": [{"url": URL}, {"url": HERE, "seed": 9}]}
    assert [picture.seed for picture in found_in(reply(body)).pictures] == [7, 9]


NAMES = [name for name in names() if name not in ("comfyui", "local")]
"""Queues among them: a gateway in front of one may answer at once."""


@pytest.mark.parametrize("name", NAMES)
def test_every_adapter_reads_every_shape(name: str) -> None:
    provider, call = load(name), Call(model=load_catalog().of_provider(name)[0], prompt="a red fox")
    bodies = [
        *wrapped(SAFE.rstrip("=")),
        [{"url": f"data:image/png;base64,{B64}"}],
        PNG,
        {"images": [f"DATA:;BASE64,{B64}"]},
    ]
    for body in bodies:
        outcome = provider.parse(reply(body), call)
        assert isinstance(outcome, Images)
        assert [picture.data for picture in outcome.pictures] == [PNG], body
    partial = provider.parse(reply({"data": [{"b64_json": B64}, {"b64_json": "%"}]}), call)
    assert isinstance(partial, Images)
    assert len(partial.pictures) == 1
    assert name == "a1111" or partial.warnings == ("1 of 2 images were broken.",)


@pytest.mark.parametrize(
    ("row", "operation", "body"),
    [
        pytest.param("replicate/flux-schnell", JOB, {"status": "succeeded", "output": {"image": URL}}, id="replicate"),
        pytest.param("replicate/flux-schnell", JOB, {"status": "succeeded", "output": {"images": [URL]}}, id="images"),
        pytest.param("replicate/flux-schnell", JOB, {"status": "succeeded", "output": [{"url": URL}]}, id="objects"),
        pytest.param("replicate/flux-schnell", JOB, {"status": "succeeded", "output": [None, "", URL]}, id="empties"),
        pytest.param("fal/flux-dev", JOB, {"images": [URL]}, id="fal, texts"),
        pytest.param("fal/flux-dev", JOB, {"data": {"images": [{"url": URL}]}}, id="fal, in data"),
        pytest.param("bfl/flux-2-pro", JOB, {"status": "Ready", "result": {"images": [URL]}}, id="bfl, images"),
        pytest.param("bfl/flux-2-pro", JOB, {"status": "Ready", "result": URL}, id="bfl, a text"),
        pytest.param("bfl/flux-2-pro", JOB, {"status": "Ready", "result": {"sample": [URL]}}, id="bfl, a list"),
        pytest.param("imgforge/flux-2-dev", JOB, {"state": "completed", "images": [URL]}, id="img-forge"),
    ],
)
def test_the_result_of_a_queue_is_read_in_every_shape(row: str, operation: Operation, body: Any) -> None:
    call = call_for(row)
    outcome = load(call.model.provider).parse(reply(body, operation=operation), call)
    assert isinstance(outcome, Images)
    assert outcome.pictures == (Picture(url=URL),)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_withheld_is_a_refusal_and_a_page_is_not(name: str) -> None:
    provider, call = load(name), Call(model=load_catalog().of_provider(name)[0], prompt="a red fox")
    with pytest.raises(ContentRefused):
        provider.parse(reply({"data": [{"respect_moderation": False, "url": ""}]}), call)
    with pytest.raises(BadReply) as caught:
        provider.parse(reply(b"<html><title>Please wait</title></html>"), call)
    assert caught.value.maybe_billed
