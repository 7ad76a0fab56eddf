"""The HTTP door: MCP over SSE and Streamable HTTP, images, health; behind one guard."""
