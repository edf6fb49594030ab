"""The frame of every page: what the left rail shows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from artifactsite.lib.pages import zone_of
from conversations.models import Conversation
from projects.models import Project, Role

RAIL_CONVERSATIONS = 60
RAIL_PROJECTS = 100
CURRENT_PROJECT = "project"  # the key in the session
THEMES = ("light", "dark")
THEME_COOKIE = "theme"


@dataclass
class Group:
    """Conversations of one stretch of time, newest first."""

    title: str
    conversations: list[Conversation] = field(default_factory=list)


def _stretch(day: date, today: date) -> str:
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return "Previous 7 days" if day > today - timedelta(days=8) else "Older"


def grouped(conversations: Iterable[Conversation], zone: tzinfo) -> list[Group]:
    """Today, Yesterday, Previous 7 days, Older, in the reader's own days; none that is empty."""
    today = timezone.now().astimezone(zone).date()
    groups: list[Group] = []
    for conversation in conversations:
        title = _stretch(conversation.updated_at.astimezone(zone).date(), today)
        if not groups or groups[-1].title != title:
            groups.append(Group(title))
        groups[-1].conversations.append(conversation)
    return groups


class Frame:
    """The rail's data. Each part is read when a template first asks: a fragment that has no rail reads nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def user(self) -> User | None:
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def projects(self) -> list[Project]:
        if self.user is None:
            return []
        visible = Project.objects.visible_to(self.user).with_role_of(self.user)
        return list(visible.order_by("name", "pk")[:RAIL_PROJECTS])

    @cached_property
    def project(self) -> Project | None:
        """The project that the page is about, else the one chosen last, else the first."""
        wanted = getattr(self._request, "frame_project", None) or self._request.session.get(CURRENT_PROJECT)
        chosen = [project for project in self.projects if str(project.pk) == str(wanted)]
        return next(iter(chosen or self.projects), None)

    @cached_property
    def administers(self) -> bool:
        return self.project is not None and getattr(self.project, "role", None) == Role.ADMINISTRATOR

    @cached_property
    def current_conversation(self) -> Any:
        return getattr(self._request, "frame_conversation", None)

    @cached_property
    def groups(self) -> list[Group]:
        return grouped(self._newest[:RAIL_CONVERSATIONS], zone_of(self._request))

    @cached_property
    def has_more(self) -> bool:
        return len(self._newest) > RAIL_CONVERSATIONS

    @cached_property
    def _newest(self) -> list[Conversation]:
        if self.user is None or self.project is None:
            return []
        visible = Conversation.objects.visible_to(self.user).filter(project=self.project)
        return list(visible.order_by("-updated_at", "-pk")[: RAIL_CONVERSATIONS + 1])


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`."""
    return {"frame": Frame(request)}
