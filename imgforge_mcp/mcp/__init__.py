"""The MCP presentation: tools, resources and prompts for every transport."""
