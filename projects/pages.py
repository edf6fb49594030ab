"""What the project's settings page shows, prepared."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from accounts.models import User
from projects.forms import SettingsForm, hosts_as_text
from projects.models import Membership, Project, Role
from projects.services import LAST_ADMINISTRATOR

MEMBERS = 100  # a page
# As uploads.sessionmeta replaces it, which stands above this app.
PLACEHOLDER = "{{memory.sessionMeta.artifacts}}"
SAMPLE = [
    {
        "fileId": "f-1558ea9e-0c52-4f3b-a283-c0bef1dec83a",
        "type": "file",
        "filename": "sales-2026.xlsx",
        "mimetype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "isActive": True,
        "downloadUrl": "https://artifacts.example.com/api/files/public?h=…",
    }
]


@dataclass(frozen=True)
class Member:
    """A member in the list, with what can be done and why not."""

    user_id: int
    username: str
    full_name: str
    email: str
    role: str
    role_label: str
    is_administrator: bool
    is_me: bool
    is_active: bool
    since: datetime
    why_kept: str


@dataclass(frozen=True)
class SettingsPage:
    project: Project
    form: SettingsForm
    members: list[Member]
    page: Page[Membership]
    placeholder: str
    sample: str
    filled_in: str
    ceilings: dict[str, int]
    agent_hosts: list[str]
    agent_help: str
    has_agent_key: bool


def initial_of(project: Project) -> dict[str, Any]:
    fields = (
        "name", "allow_artifact_sharing", "max_files", "max_file_size_mb", "max_tokens", "agent_instructions",
        "program_cpu_seconds", "program_wall_seconds", "program_memory_mb", "program_output_mb",
        "agent_base_url", "agent_model",
    )  # fmt: skip
    return {
        **{field: getattr(project, field) for field in fields},
        "preview_hosts": hosts_as_text(project.preview_hosts),
    }


def settings_page(
    project: Project, user: User, form: SettingsForm | None = None, number: str = "1"
) -> SettingsPage:
    """The page for an administrator of `project`; `form` where what was typed is shown again."""
    rows = Membership.objects.visible_to(user).filter(project=project).select_related("user")
    page = Paginator(rows.order_by("role", "user__username"), MEMBERS).get_page(number)
    administrators = rows.aggregate(n=Count("pk", filter=Q(role=Role.ADMINISTRATOR, user__is_active=True)))[
        "n"
    ]
    form = form or SettingsForm(initial=initial_of(project))
    sample = json.dumps(SAMPLE, ensure_ascii=False, indent=2)
    return SettingsPage(
        project=project,
        form=form,
        members=[_member(row, user, administrators) for row in page],
        page=page,
        placeholder=PLACEHOLDER,
        sample=sample,
        filled_in=str(form["agent_instructions"].value() or "").replace(PLACEHOLDER, sample),
        agent_hosts=settings.AGENT_PROJECT_HOSTS,
        agent_help=f"At one of these hosts: {', '.join(settings.AGENT_PROJECT_HOSTS)}",
        has_agent_key=bool(project.agent_api_key_sealed),
        ceilings={
            "files": settings.CEILING_FILES,
            "size": settings.CEILING_FILE_SIZE_MB,
            "tokens": settings.CEILING_TOKENS,
            "cpu": settings.CEILING_PROGRAM_CPU_SECONDS,
            "wall": settings.CEILING_PROGRAM_WALL_SECONDS,
            "memory": settings.CEILING_PROGRAM_MEMORY_MB,
            "output": settings.CEILING_PROGRAM_OUTPUT_MB,
        },
    )


def _member(row: Membership, user: User, administrators: int) -> Member:
    is_administrator = row.role == Role.ADMINISTRATOR
    is_last = is_administrator and row.user.is_active and administrators == 1
    return Member(
        user_id=row.user_id,
        username=row.user.username,
        full_name=row.user.get_full_name(),
        email=row.user.email,
        role=row.role,
        role_label=Role(row.role).label,
        is_administrator=is_administrator,
        is_me=row.user_id == user.pk,
        is_active=row.user.is_active,
        since=row.created_at,
        why_kept=LAST_ADMINISTRATOR if is_last else "",
    )
