"""An app of somebody else's: what docs/adding-a-tool.md says is all that it takes to add a tool."""
