"""Which changes of uploads the audit log tells: that their links were revoked."""

from auditlog.models import LogEntry

from projects.audit import Changes, watch
from projects.models import Act
from uploads.models import Upload


def act_of(action: int, changes: Changes, upload: Upload) -> Act | None:
    return Act.LINK_REVOKED if action == LogEntry.Action.UPDATE and "link_generation" in changes else None


def watch_uploads() -> None:
    watch(
        Upload,
        act_of=act_of,
        project_of=lambda upload: upload.conversation.project_id,
        target_of=lambda upload: upload.file_id,
        about=lambda upload: "file",
        include_fields=["link_generation"],
    )
