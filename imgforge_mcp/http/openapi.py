"""/openapi.json, made from the faces' own tables, and /docs, a page that shows it without anything from elsewhere."""

import html
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from imgforge_mcp import __version__
from imgforge_mcp.base.types import Json
from imgforge_mcp.http.answers import answer
from imgforge_mcp.http.rest.face import Endpoint, Face

ERROR: Json = {
    "type": "object",
    "required": ["error", "code", "status", "request_id"],
    "properties": {
        "error": {"description": "What went wrong; on /v1 OpenAI's object, elsewhere a sentence."},
        "code": {"type": "string"},
        "status": {"type": "integer"},
        "request_id": {"type": "string"},
        "details": {"type": "object"},
        "retry_after_seconds": {"type": "integer"},
    },
}
PARAMETER = re.compile(r"\{(\w+)\}")
REFUSALS = (400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504, 507)


def document(faces: Sequence[Face], base_url: str) -> Json:
    """The OpenAPI 3.1 description of every face."""
    paths: Json = {}
    schemas: Json = {"Error": ERROR}
    for face in faces:
        for endpoint in face.endpoints:
            paths.setdefault(endpoint.address, {})[endpoint.method.lower()] = _operation(face, endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "imgforge-mcp", "version": __version__},
        "servers": [{"url": base_url}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operation(face: Face, endpoint: Endpoint, schemas: Json) -> Json:
    operation: Json = {
        "tags": [face.title],
        "summary": endpoint.summary,
        "operationId": f"{face.name}_{endpoint.method.lower()}{re.sub(r'[^a-z0-9]+', '_', endpoint.address.lower())}",
        "responses": _responses(endpoint),
    }
    if endpoint.is_open:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}, {"key": []}]
    names = PARAMETER.findall(endpoint.address)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if endpoint.takes is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {_kind(endpoint): {"schema": _schema(face, endpoint, schemas)}},
        }
    return operation


def _responses(endpoint: Endpoint) -> Json:
    good: Json = {"description": "Done.", "content": {endpoint.media_type: {"schema": endpoint.gives}}}
    statuses = {200, 201, 202} if endpoint.scope == "generate" else {endpoint.status}
    refused = {
        "description": "Refused.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    return {**{str(status): good for status in sorted(statuses)}, **{str(status): refused for status in REFUSALS}}


def _kind(endpoint: Endpoint) -> str:
    return "multipart/form-data" if endpoint.is_form else "application/json"


def _schema(face: Face, endpoint: Endpoint, schemas: Json) -> Json:
    assert endpoint.takes is not None
    prefix = "".join(part.title() for part in face.name.split("-"))
    name = f"{prefix}{endpoint.takes.__name__}"
    whole = endpoint.takes.model_json_schema(ref_template=f"#/components/schemas/{prefix}{{model}}")
    for inner, schema in whole.pop("$defs", {}).items():
        schemas[f"{prefix}{inner}"] = schema
    schemas[name] = whole
    return {"$ref": f"#/components/schemas/{name}"}


def openapi_route(faces: Sequence[Face], base_url: str) -> Callable[[Request], Awaitable[Response]]:
    made = cache(lambda: document(faces, base_url))

    async def openapi(request: Request) -> Response:
        return answer(made())

    return openapi


def docs_route(faces: Sequence[Face], base_url: str) -> Callable[[Request], Awaitable[Response]]:
    made = cache(lambda: _page(faces, base_url))

    async def docs(request: Request) -> Response:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        return HTMLResponse(made(), headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"})

    return docs


STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem }
summary { cursor: pointer }
code { font: 13px/1.45 ui-monospace, monospace }
td { padding: .15rem .8rem .15rem 0; vertical-align: top }
b { display: inline-block; min-width: 4.5rem }
"""


def _page(faces: Sequence[Face], base_url: str) -> str:
    parts = [
        f"<h2>{html.escape(face.title)}</h2>" + "".join(_section(e, base_url) for e in face.endpoints) for face in faces
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>imgforge-mcp: HTTP services</title><style>{STYLE}</style></head><body><main><h1>imgforge-mcp</h1>"
        f"<p>Five services behind <code>{html.escape(base_url)}</code>; the whole description is "
        '<a href="openapi.json">openapi.json</a>. Send a key as <code>Authorization: Bearer KEY</code>.</p>'
        + "".join(parts)
        + "</main></body></html>"
    )


def _section(endpoint: Endpoint, base_url: str) -> str:
    rows = ""
    if endpoint.takes is not None:
        schema = endpoint.takes.model_json_schema()
        required = schema.get("required", [])
        for name, entry in schema.get("properties", {}).items():
            mark = "required" if name in required else ""
            told = html.escape(entry.get("description", ""))
            rows += f"<tr><td><code>{html.escape(name)}</code></td><td>{mark}</td><td>{told}</td></tr>"
    table = f"<table>{rows}</table>" if rows else ""
    path, summary = html.escape(endpoint.address), html.escape(endpoint.summary)
    head = f"<b>{endpoint.method}</b> <code>{path}</code> {summary}"
    return f"<details><summary>{head}</summary>{table}</details>"
