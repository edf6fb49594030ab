"""The MCP server at /mcp: the same services and rules as the API, for agents that speak MCP.

`app.py` HTTP, who calls · `caller.py` the caller of a request · `server.py` what can be called · `verbs.py` each.
Only `app.py` is imported at the start; the rest, and the SDK with it, on the first call.
"""
