"""Registering with MCP clients: what `imgforge-mcp install` writes, and what `doctor` finds."""
