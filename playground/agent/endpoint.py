"""Which endpoint answers in a project: the site's, or the project's own."""

from dataclasses import dataclass, field

from django.conf import settings

from projects.models import Project

NO_AGENT = (
    "No agent is connected. An administrator sets AGENT_BASE_URL and AGENT_MODEL; programs work without one."
)


@dataclass(frozen=True)
class Endpoint:
    """Where to ask and which model; the key is in no representation of it."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)

    def scrubbed(self, text: str) -> str:
        """`text` without the key, for a sentence to show."""
        return text.replace(self.api_key, "…") if self.api_key else text


def endpoint_of(project: Project | None) -> Endpoint | None:
    """The endpoint that answers, or None where none is connected.

    A project's own address goes with the project's own key alone: the site's is not for others to receive.
    """
    if project is not None and project.agent_base_url:
        model = project.agent_model or settings.AGENT_MODEL
        return Endpoint(project.agent_base_url, model, project.agent_api_key) if model else None
    model = (project.agent_model if project else "") or settings.AGENT_MODEL
    if not (settings.AGENT_BASE_URL and model):
        return None
    key = (project.agent_api_key if project else "") or settings.AGENT_API_KEY
    return Endpoint(settings.AGENT_BASE_URL, model, key)
