"""What MCP clients find: tools, and artifacts as resources."""

import functools
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import close_old_connections
from django.http import Http404
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.types import Resource, ResourceTemplate, ToolAnnotations

from accounts.audit import acts
from artifactsite.lib.errors import NOT_FOUND, Refusal
from playground.mcp import verbs
from playground.mcp.caller import reader

T = TypeVar("T")

INSTRUCTIONS = """Artifactsite keeps what agents make and what people hand to them. Work happens in conversations of
projects. Deliver what you make with deliver_result: it becomes artifacts. Refer to an artifact in a message by its
mention, @[Name](artifact:ID), exactly as the tools give it to you."""
LISTED = 100  # resources; search_artifacts finds the others


def _with_database(work: Callable[..., T]) -> Callable[..., T]:
    """In a thread of the SDK's: connections are opened and given back here."""

    @functools.wraps(work)
    def done(*arguments: Any, **named: Any) -> T:
        close_old_connections()
        try:
            acts(reader())
            return work(*arguments, **named)
        finally:
            close_old_connections()

    return done


def _as_tool(verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb whose refusals are told to the model, and whose answer is plain JSON."""

    @functools.wraps(verb)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            answer = verb(*arguments, **named)
        except Refusal as refusal:
            raise ToolError(f"{refusal.code}: {refusal.detail}") from None
        except Http404:
            raise ToolError(f"{NOT_FOUND['code']}: {NOT_FOUND['detail']}") from None
        except ValueError as error:
            raise ToolError(f"invalid: {error}") from None
        return json.loads(json.dumps(answer, cls=DjangoJSONEncoder))

    return _with_database(called)


class _Server(MCPServer):
    """Artifacts are resources; which ones depends on the caller, so they are looked up at each call."""

    async def list_resources(self) -> list[Resource]:
        rows = await sync_to_async(_with_database(verbs.list_artifacts), thread_sensitive=False)(limit=LISTED)
        return [
            Resource(
                uri=f"artifact://{row['id']}",
                name=row["name"],
                description=row["description"] or None,
                mime_type=row["media_type"],
                size=row["size"],
            )
            for row in rows
        ]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return [
            ResourceTemplate(
                uri_template="artifact://{id}",
                name="artifact",
                description="The content of an artifact, by its id.",
            )
        ]

    async def read_resource(self, uri: Any, context: Any = None) -> Iterable[ReadResourceContents]:
        scheme, _, identifier = str(uri).partition("://")
        if scheme != "artifact":
            raise ResourceNotFoundError(NOT_FOUND["detail"])
        try:
            read = sync_to_async(_with_database(verbs.resource), thread_sensitive=False)
            content, media_type = await read(identifier.strip("/"))
        except Http404:
            raise ResourceNotFoundError(NOT_FOUND["detail"]) from None
        except Refusal as refusal:
            raise ResourceNotFoundError(refusal.detail) from None
        return [ReadResourceContents(content=content, mime_type=media_type)]


server = _Server(
    "artifactsite",
    title="Artifactsite",
    version="1",
    instructions=INSTRUCTIONS,
    website_url=settings.SITE_URL,
    subscriptions=False,
)
for _verb in verbs.READING:
    server.add_tool(_as_tool(_verb), annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
for _verb in verbs.WRITING:
    server.add_tool(
        _as_tool(_verb),
        annotations=ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False),
    )
