"""How the OpenAPI schema describes what every route shares."""

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Groups operations by their first path segment, as `docs/api.md` does."""

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and part != "api" and not part.startswith("{")]
        return [parts[0] if parts else "api"]
