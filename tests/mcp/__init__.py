"""The MCP face, through the SDK's in-memory client."""
