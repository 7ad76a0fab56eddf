"""A person at the consent page of `serve --oauth`, with their browser: looks, types the key, says yes, is sent back."""

import html
import re
import sys
import urllib.parse
import urllib.request
from typing import Any

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class _Stay(urllib.request.HTTPErrorProcessor):
    """Every answer as it is, redirects too."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response


def consent(url: str, key: str) -> str:
    """Where the person's browser is sent in the end: the client's own address, with the code."""
    with urllib.request.urlopen(url, timeout=60) as reply:
        page = reply.read().decode()
        here = reply.url
    fields = {name: html.unescape(value) for name, value in HIDDEN.findall(page)}
    body = urllib.parse.urlencode({**fields, "key": key, "decision": "allow"}).encode()
    parts = urllib.parse.urlsplit(here)
    request = urllib.request.Request(
        f"{parts.scheme}://{parts.netloc}/page/consent",
        body,
        {"Origin": f"{parts.scheme}://{parts.netloc}"},
    )
    with urllib.request.build_opener(_Stay).open(request, timeout=60) as reply:
        assert reply.status == 303, reply.read()
        return str(reply.headers["Location"])


if __name__ == "__main__":
    sys.stdout.write(consent(sys.argv[1], sys.argv[2]))
