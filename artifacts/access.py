"""What somebody who sees an artifact may do to it, and why not. Read by API, pages and admin alike."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import NamedTuple

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


class Standing(NamedTuple):
    """All that somebody's verbs hang on, of an artifact that they may see."""

    is_own: bool
    is_saved: bool
    is_shared: bool
    is_sharing_allowed: bool  # by the project, now
    # Of somebody else's that is shared: whether its owner left, and whether the reader administers the project.
    owner_left: bool = False
    administers: bool = False


def sharing_reason(is_sharing_allowed: bool) -> str | None:
    """Why nothing can be shared with a project now, or None (docs/rules.md 4)."""
    return None if is_sharing_allowed else SHARING_DISABLED


def abilities(artifact: Artifact, user: User, project: Project) -> Mapping[str, Ability]:
    """Verb → True, or the sentence that says why not. `artifact` is one that `user` may see."""
    is_own = artifact.owner_id == user.pk
    owner_left = not is_own and artifact.is_shared and artifact.owner_left
    known: bool | None = getattr(artifact, "reader_administers", None)
    may_transfer = owner_left and (administers(user, artifact.project_id) if known is None else known)
    return abilities_by(
        Standing(
            is_own,
            artifact.is_saved,
            artifact.is_shared,
            project.allow_artifact_sharing,
            owner_left,
            may_transfer,
        )
    )


@cache
def abilities_by(standing: Standing) -> Mapping[str, Ability]:
    """The same by what it hangs on: a few dozen tables, each made once for all rows."""
    own: Ability = True if standing.is_own else NOT_OWNER
    share: Ability = own
    if own is True:
        if standing.is_shared:
            share = "This artifact is shared with the project already."
        elif not standing.is_saved:
            share = NOT_SAVED
        else:
            share = sharing_reason(standing.is_sharing_allowed) or True
    private: Ability = own
    if own is True and not standing.is_shared:
        private = "This artifact is private already."
    transfer: Ability = OWN_STAYS
    if own is not True:
        reason = _transfer_reason(standing.is_shared, standing.owner_left)
        transfer = reason or standing.administers or ADMINISTRATORS_ONLY
    return {
        Verb.VIEW: True,
        Verb.UPDATE: own,
        Verb.DELETE: own,
        Verb.SAVE: ALREADY_SAVED if own is True and standing.is_saved else own,
        Verb.SHARE_WITH_PROJECT: share,
        Verb.MAKE_PRIVATE: private,
        Verb.ADD_VERSION: own,
        Verb.MENTION: True,
        Verb.START_CONVERSATION: True,
        Verb.TRANSFER: transfer,
    }


def transfer_reason(artifact: Artifact) -> str | None:
    """Why nobody may give the artifact another owner, or None."""
    return _transfer_reason(artifact.is_shared, artifact.is_shared and artifact.owner_left)


def _transfer_reason(is_shared: bool, owner_left: bool) -> str | None:
    if not is_shared:
        return NOT_SHARED
    return None if owner_left else OWNER_STAYED


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
    if reason := sharing_reason(project.allow_artifact_sharing):
        raise Refusal("artifact_sharing_disabled", reason, status=403)


def require_unsaved(artifact: Artifact) -> None:
    if artifact.is_saved:
        raise Conflict("already_saved", ALREADY_SAVED)


def require_saved(artifact: Artifact) -> None:
    if not artifact.is_saved:
        raise Conflict("not_saved", NOT_SAVED)
