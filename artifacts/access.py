"""What somebody who sees an artifact may do to it, and why not. Read by API, pages and admin alike."""

from enum import StrEnum

from accounts.models import User
from artifacts.models import Artifact, Kind, Version
from artifacts.types import is_textual
from artifactsite.lib.errors import Conflict, Forbidden, Refusal
from projects.access import ADMINISTRATORS_ONLY, administers
from projects.models import Project

Ability = bool | str


class Verb(StrEnum):
    VIEW = "view"
    UPDATE = "update"
    DELETE = "delete"
    SAVE = "save"
    SHARE_WITH_PROJECT = "share_with_project"
    MAKE_PRIVATE = "make_private"
    ADD_VERSION = "add_version"
    MENTION = "mention"
    START_CONVERSATION = "start_conversation"
    TRANSFER = "transfer"


NOT_OWNER = "Only the owner can do this."
SHARING_DISABLED = "Sharing is turned off for this project. Ask an administrator to allow artifact sharing."
NOT_EDITABLE = "Only text, Markdown and code can be edited here. Add a new version of it instead."
TOO_LONG_TO_EDIT = "This text is too long to edit here. Download it, change it, and add it as a new version."
LONGEST_EDIT = 512 * 1024  # bytes
ALREADY_SAVED = "This artifact is saved already. Edit it on its page."
NOT_SAVED = "Save the artifact first."
OWN_STAYS = "It is yours. Only artifacts whose owner left the project are transferred."
OWNER_STAYED = "Its owner is a member of the project, so it is theirs to decide about."
NOT_SHARED = "Only artifacts that are shared with the project can be transferred."


def sharing_reason(project: Project) -> str | None:
    """Why nothing can be shared with this project now, or None (docs/rules.md 4)."""
    return None if project.allow_artifact_sharing else SHARING_DISABLED


def abilities(artifact: Artifact, user: User, project: Project) -> dict[str, Ability]:
    """Verb → True, or the sentence that says why not. `artifact` is one that `user` may see."""
    own: Ability = True if artifact.owner_id == user.pk else NOT_OWNER
    share: Ability = own
    if own is True:
        if artifact.is_shared:
            share = "This artifact is shared with the project already."
        else:
            share = sharing_reason(project) or True
    private: Ability = own
    if own is True and not artifact.is_shared:
        private = "This artifact is private already."
    return {
        Verb.VIEW: True,
        Verb.UPDATE: own,
        Verb.DELETE: own,
        Verb.SAVE: ALREADY_SAVED if own is True and artifact.is_saved else own,
        Verb.SHARE_WITH_PROJECT: share,
        Verb.MAKE_PRIVATE: private,
        Verb.ADD_VERSION: own,
        Verb.MENTION: True,
        Verb.START_CONVERSATION: True,
        Verb.TRANSFER: OWN_STAYS if own is True else _transfer(artifact, user),
    }


def transfer_reason(artifact: Artifact) -> str | None:
    """Why nobody may give the artifact another owner, or None."""
    if not artifact.is_shared:
        return NOT_SHARED
    return None if artifact.owner_left else OWNER_STAYED


def _transfer(artifact: Artifact, user: User) -> Ability:
    if reason := transfer_reason(artifact):
        return reason
    known: bool | None = getattr(artifact, "reader_administers", None)
    return (administers(user, artifact.project_id) if known is None else known) or ADMINISTRATORS_ONLY


def editing_reason(artifact: Artifact, version: Version) -> str | None:
    """Why a version's content can't be edited as text, or None."""
    if artifact.kind not in (Kind.TEXT, Kind.FILE) or not is_textual(version.media_type):
        return NOT_EDITABLE
    return TOO_LONG_TO_EDIT if version.size > LONGEST_EDIT else None


def require_editable(artifact: Artifact, version: Version) -> None:
    if reason := editing_reason(artifact, version):
        raise Refusal("not_editable", reason)


def require_newest(artifact: Artifact, known: int) -> None:
    """Nobody's work is written over by somebody who did not know of it."""
    if artifact.latest_number != known:
        raise Conflict(
            "newer_version",
            f"Version {artifact.latest_number} was made meanwhile. Look at it first, then decide which one stays.",
        )


def require_owner(artifact: Artifact, user: User) -> None:
    if artifact.owner_id != user.pk:
        raise Forbidden(NOT_OWNER, code="not_owner")


def require_administrator_of(artifact: Artifact, user: User) -> None:
    if not administers(user, artifact.project_id):
        raise Forbidden(ADMINISTRATORS_ONLY)


def require_transferable(artifact: Artifact) -> None:
    if reason := transfer_reason(artifact):
        raise Conflict("not_transferable", reason)


def require_sharing(project: Project) -> None:
    if reason := sharing_reason(project):
        raise Refusal("artifact_sharing_disabled", reason, status=403)


def require_unsaved(artifact: Artifact) -> None:
    if artifact.is_saved:
        raise Conflict("already_saved", ALREADY_SAVED)


def require_saved(artifact: Artifact) -> None:
    if not artifact.is_saved:
        raise Conflict("not_saved", NOT_SAVED)
