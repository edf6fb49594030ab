"""How the OpenAPI schema describes what every route shares."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from artifactsite.lib.errors import Refusal


class ErrorSerializer(serializers.Serializer[Refusal]):
    """A refusal; docs/api.md lists the codes."""

    code = serializers.CharField(help_text="Stable.")
    detail = serializers.CharField(help_text="A sentence that says what to do.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Bad input only: the sentences by field.",
    )


class Schema(AutoSchema):
    """Groups operations by their first path segment, as `docs/api.md` does, and adds the refusals."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and part != "api" and not part.startswith("{")]
        return [parts[0] if parts else "api"]

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        # Of ours for one change nothing may be missing, other than of a model's.
        kind = serializer if isinstance(serializer, type) else type(serializer)
        method = self.method
        if method == "PATCH" and not issubclass(kind, serializers.ModelSerializer):
            self.method = "PUT"
        try:
            return super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        refusals = [400, 404, 429, 503]
        if self.get_auth():
            refusals += [401, 403]
        if self.method != "GET":
            refusals += [409, 413, 415]
        for code in map(str, refusals):
            refused = self._get_response_for_code(ErrorSerializer, code)  # type: ignore[no-untyped-call]
            bodies.setdefault(code, refused)
        content = bodies.get("200", {}).get("content", {})
        if "*/*" in content:
            bodies["206"] = {"content": content, "description": "The part that Range asked for."}
            bodies["304"] = {"description": "The reader's If-None-Match has it already."}
            bodies["416"] = {"description": "Range asked for what lies beyond the end."}
        return dict(sorted(bodies.items()))
