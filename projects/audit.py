"""The audit log: a line for each change that administrators may ask about, in the change's own transaction.

django-auditlog hears every save and deletion, whichever door it came through (API, page, Django admin, command),
and keeps which fields changed. Here each of those that matters becomes an act of a project. An app says for its
own models which do: `watch`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from auditlog.signals import post_log
from django.db import models
from django.dispatch import receiver

from accounts.models import User
from projects.models import Act, AuditEntry, Membership, Project

Changes = Mapping[str, Any]  # field → [before, after], as auditlog words them


@dataclass(frozen=True)
class Watched:
    """How changes of a model are told: as which act (None: not at all), in which project, about whom or what."""

    act_of: Callable[[int, Changes, Any], Act | None]
    project_of: Callable[[Any], UUID | None]
    target_of: Callable[[Any], object]
    about: Callable[[Any], str]


_watched: dict[type[models.Model], Watched] = {}


def watch(
    model: type[models.Model],
    *,
    act_of: Callable[[int, Changes, Any], Act | None],
    project_of: Callable[[Any], UUID | None],
    about: Callable[[Any], str],
    target_of: Callable[[Any], object] = lambda row: row.pk,
    **options: Any,
) -> None:
    """Has every change of `model` noted. `act_of` gets auditlog's action, the changes and the row.

    `options` are auditlog's.
    """
    auditlog.register(model, **options)
    _watched[model] = Watched(act_of, project_of, target_of, about)


@receiver(post_log)
def _note(
    sender: type[models.Model],
    instance: models.Model,
    action: int,
    changes: Changes | None,
    log_entry: LogEntry | None,
    **_: Any,
) -> None:
    watched = _watched.get(sender)
    if watched is None or log_entry is None:
        return
    act = watched.act_of(action, changes or {}, instance)
    if act is None:
        return
    actor = log_entry.actor
    AuditEntry.objects.create(
        project_id=watched.project_of(instance),
        actor=actor,
        actor_name=actor.username if actor else "",
        act=act,
        target=str(watched.target_of(instance)),
        about=watched.about(instance)[:150],
        log=log_entry,
    )


def masked(value: str) -> str:
    """In place of a secret: that it is there, and nothing of it."""
    return "…" if value else ""


def _by_action(created: Act, updated: Act, deleted: Act) -> Callable[[int, Changes, Any], Act]:
    acts = {
        LogEntry.Action.CREATE: created,
        LogEntry.Action.UPDATE: updated,
        LogEntry.Action.DELETE: deleted,
    }
    return lambda action, changes, row: acts[action]


def watch_own_models() -> None:
    """Projects, who belongs to them, and people's rights on the site."""
    watch(
        Project,
        act_of=_by_action(Act.PROJECT_CREATED, Act.SETTINGS_CHANGED, Act.PROJECT_DELETED),
        project_of=lambda project: project.pk,
        about=lambda project: project.name,
        mask_fields=["agent_api_key_sealed"],
        mask_callable="projects.audit.masked",
    )
    watch(
        Membership,
        act_of=_by_action(Act.MEMBER_ADDED, Act.ROLE_CHANGED, Act.MEMBER_REMOVED),
        project_of=lambda membership: membership.project_id,
        target_of=lambda membership: membership.user_id,
        about=lambda membership: membership.user.username,
    )
    watch(
        User,
        act_of=_by_action(Act.ACCOUNT_CHANGED, Act.ACCOUNT_CHANGED, Act.ACCOUNT_CHANGED),
        project_of=lambda user: None,
        about=lambda user: user.username,
        include_fields=["username", "email", "is_active", "is_staff", "is_superuser"],
    )


def told(entry: AuditEntry) -> dict[str, list[str]]:
    """Field → [before, after] of a change; nothing for what was made or is gone, of which the act says all."""
    if entry.log.action != LogEntry.Action.UPDATE:
        return {}
    return {field: [str(side) for side in sides] for field, sides in (entry.log.changes or {}).items()}
