"""Which changes of artifacts the audit log tells. Never what one is called or what is in it."""

from auditlog.models import LogEntry

from artifacts.models import Artifact, Visibility
from projects.audit import Changes, watch
from projects.models import Act


def act_of(action: int, changes: Changes, artifact: Artifact) -> Act | None:
    """What concerns the project: sharing, its end, and a new owner. What people do with private things is not noted."""
    was_shared = Visibility.PROJECT in (changes.get("visibility") or [""])[0]
    if action == LogEntry.Action.DELETE:
        # One that its owner deleted was told of then; that its rows go now is nobody's act.
        return Act.SHARED_DELETED if was_shared and artifact.deletion_id is None else None
    if action != LogEntry.Action.UPDATE:
        return None
    if "owner" in changes:
        return Act.OWNER_CHANGED
    if "visibility" in changes:
        return Act.MADE_PRIVATE if was_shared else Act.SHARED
    if "deletion" in changes and artifact.is_shared:
        # Undone, the project has it again.
        return Act.SHARED_DELETED if artifact.deletion_id else Act.SHARED
    return None


def watch_artifacts() -> None:
    watch(
        Artifact,
        act_of=act_of,
        project_of=lambda artifact: artifact.project_id,
        about=lambda artifact: artifact.kind,
        include_fields=["visibility", "saved_at", "owner", "deletion"],
    )
