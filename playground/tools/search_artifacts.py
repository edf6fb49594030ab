"""Finds artifacts that the turn's owner can see, in the conversation's project."""

import json
from typing import Any

from artifacts import search
from artifacts.filters import TYPES
from artifacts.models import Artifact, Kind
from artifacts.querysets import ArtifactQuerySet
from artifactsite.lib.pagination import RANK
from mentions.syntax import token
from playground.tools.base import ToolCall, ToolResult
from playground.tools.read_artifact import visible_artifacts

MOST = 50


class SearchArtifacts:
    name = "search_artifacts"
    description = (
        "Find artifacts of this project by words in name, description or content, best first. "
        "Each comes with the text that mentions it in an answer."
    )
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "maxLength": 500, "description": "Words; empty finds the newest."},
            "type": {"enum": list(TYPES)},
            "kind": {"enum": list(Kind.values)},
            "scope": {
                "enum": ["conversation", "mine", "shared", "saved", "all"],
                "description": "conversation: this one's. all (the default): everything that its owner can see.",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
        },
    }

    def is_offered(self) -> bool:
        return True

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        found, scope = visible_artifacts(call), arguments.get("scope", "all")
        if scope == "conversation":
            found = found.filter(conversation=call.conversation)
        else:
            found = found.in_scope(scope, call.user)
        if kind := arguments.get("kind"):
            found = found.filter(kind=kind)
        if wanted := TYPES[arguments.get("type", "all")]:
            found = found.filter(gallery_type=wanted)
        rows = find(found, arguments.get("query", ""), arguments.get("limit", 20))
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        return ToolResult(text or "Nothing was found.")


def find(visible: ArtifactQuerySet, query: str, limit: int) -> list[dict[str, Any]]:
    """The best of `visible` for a query, or the newest without one, each as a short row."""
    asked = search.Query.parse(query)
    if not query.strip():
        found = visible.order_by("-updated_at", "-pk")
    elif asked.terms:
        matching = search.matching(visible, asked)
        found = matching.annotate(**{RANK: matching.best}).order_by(f"-{RANK}", "-pk")
    else:
        return []
    rows = list(found.select_related("owner")[:limit])
    matches = search.explain(rows, asked) if asked.terms else {}
    return [_row(artifact, matches.get(artifact.pk)) for artifact in rows]


def _row(artifact: Artifact, match: search.Match | None) -> dict[str, Any]:
    return {
        "id": str(artifact.pk),
        "name": artifact.name,
        "kind": artifact.kind,
        "type": artifact.gallery_type,
        "owner": artifact.owner.username,
        "saved": artifact.is_saved,
        "description": artifact.description[:300],
        "updated_at": artifact.updated_at.isoformat(timespec="seconds"),
        "mention": token(artifact.name, artifact.pk),
        **({"excerpt": match.excerpt} if match else {}),
    }
