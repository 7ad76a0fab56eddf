"""The messages by which a client opens a session of Streamable HTTP and uses it, as they are on the wire."""

ACCEPT = {"Accept": "application/json, text/event-stream"}
GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}},
}
LISTING = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
