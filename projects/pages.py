"""What the pages of a project's settings and of its audit log show, prepared."""

import json
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from accounts.models import User
from projects.audit import told
from projects.filters import AuditFilter
from projects.forms import AuditForm, SettingsForm, hosts_as_text
from projects.models import Act, AuditEntry, Membership, Project, Role
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


# --- the audit log ----------------------------------------------------------------------------------

LINES = 50  # a page
LONGEST_VALUE = 200  # characters of what a setting was
_ABOUT_ARTIFACTS = {Act.SHARED, Act.MADE_PRIVATE, Act.SHARED_DELETED, Act.OWNER_CHANGED}
_WORDS = {
    Act.SHARED: "shared a {about}",
    Act.MADE_PRIVATE: "made a {about} private",
    Act.SHARED_DELETED: "deleted a shared {about}",
    Act.OWNER_CHANGED: "transferred a {about} from {old} to {new}",
    Act.LINK_REVOKED: "revoked the links to a file",
    Act.MEMBER_ADDED: "added {about}",
    Act.ROLE_CHANGED: "gave {about} the role {role}",
    Act.MEMBER_REMOVED: "removed {about}",
    Act.SETTINGS_CHANGED: "changed settings",
    Act.PROJECT_CREATED: "created the project",
    Act.PROJECT_DELETED: "deleted the project",
    Act.ACCOUNT_CHANGED: "changed the account of {about}",
}
_NOBODY = "somebody who is gone"
_SITE = "The site itself"


@dataclass(frozen=True)
class Change:
    """A field that changed, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class AuditLine:
    """Who did what, when; `url` leads to the thing where the reader may see it."""

    moment: datetime
    actor: str
    what: str
    name: str = ""
    url: str = ""
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class AuditPage:
    project: Project
    form: AuditForm
    acts: list[tuple[str, str]]
    people: list[str]
    lines: list[AuditLine]
    is_filtered: bool
    is_first: bool
    older_url: str
    newest_url: str


def audit_page(project: Project, user: User, form: AuditForm, zone: tzinfo) -> AuditPage:
    """The audit log of `project` for one of its administrators, as `form` searches it; newest first."""
    rows = AuditEntry.objects.visible_to(user).filter(project=project)
    asked = form.filters(zone) if form.is_valid() else {}
    rows = AuditFilter(asked, rows).qs.select_related("log").order_by("-created_at", "-pk")
    before = form.cleaned_data.get("before")
    if before and (last := AuditEntry.objects.filter(project=project, pk=before).first()):
        same = Q(created_at=last.created_at, pk__lt=last.pk)
        rows = rows.filter(Q(created_at__lt=last.created_at) | same)
    found = list(rows[: LINES + 1])
    shown = found[:LINES]
    members = Membership.objects.visible_to(user).filter(project=project)
    query = {name: form.data[name] for name in ("actor", "act", "since", "until") if form.data.get(name)}
    return AuditPage(
        project=project,
        form=form,
        acts=[(value, label) for value, label in Act.choices if value != Act.ACCOUNT_CHANGED],
        people=list(members.order_by("user__username").values_list("user__username", flat=True)[:MEMBERS]),
        lines=_lines(shown, user),
        is_filtered=bool(query),
        is_first=not before,
        older_url=f"?{urlencode({**query, 'before': shown[-1].pk})}" if len(found) > LINES else "",
        newest_url=f"?{urlencode(query)}",
    )


def _lines(entries: list[AuditEntry], user: User) -> list[AuditLine]:
    """In words. What an artifact is called is asked with the reader's rights, now (docs/rules.md 1)."""
    wanted = {entry.target for entry in entries if entry.act in _ABOUT_ARTIFACTS}
    # By name: the model stands above this app.
    artifacts: Any = apps.get_model("artifacts", "Artifact")._default_manager
    names = dict(artifacts.visible_to(user).filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
    owners = [int(side) for entry in entries for side in told(entry).get("owner", [])]
    people = {row.pk: row.username for row in User.objects.filter(pk__in=owners)} if owners else {}
    return [_line(entry, names, people) for entry in entries]


def _line(entry: AuditEntry, names: dict[UUID, str], people: dict[int, str]) -> AuditLine:
    changes = told(entry)
    name = names.get(UUID(entry.target)) if entry.act in _ABOUT_ARTIFACTS else None
    return AuditLine(
        moment=entry.created_at,
        actor=entry.actor_name or _SITE,
        what=_in_words(entry, changes, people),
        name=name or (entry.target[:8] if entry.act in _ABOUT_ARTIFACTS else ""),
        url=f"/artifacts/{entry.target}" if name else "",
        changes=[
            Change(_label(field), *(_shortened(side) for side in sides)) for field, sides in changes.items()
        ]
        if entry.act == Act.SETTINGS_CHANGED
        else [],
    )


def _in_words(entry: AuditEntry, changes: dict[str, list[str]], people: dict[int, str]) -> str:
    facts = {"about": entry.about, "role": changes.get("role", ["", ""])[1]}
    if entry.act == Act.OWNER_CHANGED:
        facts["old"], facts["new"] = (people.get(int(side), _NOBODY) for side in changes["owner"])
    if entry.act == Act.MEMBER_REMOVED and entry.about == entry.actor_name:
        return "left the project"
    return _WORDS[Act(entry.act)].format(**facts)


def _label(name: str) -> str:
    column: Any = Project._meta.get_field(name)
    label = {"agent_api_key_sealed": "agent's key"}.get(name) or str(column.verbose_name)
    return label[:1].upper() + label[1:]


def _shortened(value: str) -> str:
    words = {"True": "on", "False": "off", "": "nothing", "[]": "nothing"}
    value = words.get(value, value)
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
