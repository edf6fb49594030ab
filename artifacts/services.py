"""What happens to artifacts: captured, saved, shared, changed, deleted."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from artifacts import access, thumbnails
from artifacts.grids import making
from artifacts.kinds import Content
from artifacts.kinds.base import excerpt
from artifacts.models import (
    Artifact,
    Deletion,
    GalleryType,
    Grid,
    Kind,
    Output,
    Thumbnail,
    Version,
    Visibility,
    name_terms,
)
from artifacts.querysets import ArtifactQuerySet
from artifacts.search import index as search_index
from artifacts.types import gallery_type
from artifactsite.lib import blobs
from artifactsite.lib.blobs import Stored
from artifactsite.lib.errors import Invalid, Refusal
from artifactsite.lib.names import clean_name, extension_of
from conversations.models import Conversation, Message, MessageRole
from conversations.services import add_message
from jobs import services as jobs
from jobs.models import Priority
from projects.models import Project
from projects.services import find_member, require_administrator

FINISH_DELETION = "artifacts.finish_deletion"
# So long after its time a deletion whose job failed is finished by upkeep.
OVERDUE = timedelta(hours=1)
log = structlog.get_logger(__name__)


def output_name(raw: Any) -> str:
    """A tool's name for an output: one line, 1 to 255 characters."""
    if not isinstance(raw, str):
        raise Invalid("name", "name must be a string.")
    if len(raw) > 255:
        raise Invalid("name", "name may have at most 255 characters.")
    if "\0" in raw:
        raise Invalid("name", "name must not have a NUL character in it.")
    name = clean_name(raw)
    if not name:
        raise Invalid("name", "name must not be empty.")
    return name


def _type_of(content: Content) -> str:
    if content.kind == Kind.VISUALIZATION:
        return GalleryType.HTML
    if content.kind == Kind.TABLE:
        return GalleryType.FILE
    return gallery_type(content.name, content.media_type)


def _store(content: Content, conversation_id: uuid.UUID, keys: list[str]) -> Stored:
    known = blobs.digest(content.file)
    if known[0] > settings.MAX_ARTIFACT_BYTES:
        raise Refusal(
            "too_large", f"{content.name} is larger than {settings.MAX_ARTIFACT_BYTES:,} bytes.", status=413
        )
    key = blobs.key_for(conversation_id, "artifacts", content.extension)
    keys.append(key)
    return blobs.store(content.file, key, known=known)


def _add_version(artifact: Artifact, content: Content, stored: Stored, **facts: Any) -> Version | None:
    """The next version, or None where the newest has the same bytes. `artifact` is locked."""
    newest = artifact.versions.filter(number=artifact.latest_number).first()
    if newest is not None and newest.sha256 == stored.sha256:
        return None
    version = Version.objects.create(
        artifact=artifact,
        number=artifact.latest_number + 1,
        file=stored.key,
        media_type=content.media_type,
        size=stored.size,
        sha256=stored.sha256,
        preview=content.preview,
        table_index=content.table_index,
        **facts,
    )
    artifact.latest_number = version.number
    thumbnails.order(version)
    making.order(artifact.kind, version)
    return version


def _publish(artifact: Artifact, version: Version) -> None:
    """Makes `version` the one that readers get."""
    if not version.published:
        version.published = True
        version.save(update_fields=["published"])
    artifact.current = version
    artifact.updated_at = timezone.now()
    artifact.save(update_fields=["current", "latest_number", "updated_at"])
    search_index.put(artifact, version)


def _capture(by: User, message: Message, content: Content, stored: Stored) -> Version:
    """The version that `content` is in its conversation: new artifact, next version, or the same as before."""
    conversation = message.conversation
    artifact, _ = Artifact.objects.get_or_create(
        conversation=conversation,
        output_name=content.name,
        kind=content.kind,
        defaults={
            "project_id": conversation.project_id,
            "owner_id": conversation.owner_id,
            "name": content.name,
            "gallery_type": _type_of(content),
        },
    )
    artifact = Artifact.objects.select_for_update().get(pk=artifact.pk)
    facts = {"message": message, "tool": message.tool, "published": not artifact.is_saved}
    version = _add_version(artifact, content, stored, **facts)
    if version is None:
        return artifact.versions.get(number=artifact.latest_number)
    if artifact.is_saved:
        # Readers of a saved artifact keep what its owner saved; they are told of the newer version.
        artifact.save(update_fields=["latest_number"])
    else:
        _publish(artifact, version)
    return version


def record_tool_result(
    *,
    by: User,
    conversation: Conversation,
    tool: str,
    content: str = "",
    content_type: str = "text",
    is_error: bool = False,
    outputs: Sequence[Content] = (),
    delivery_key: str | None = None,
    turn: uuid.UUID | None = None,
) -> tuple[Message, bool]:
    """A tool's result as a message with its artifacts: all of it or nothing. True: it is new.

    Files are written before rows. The same `delivery_key` again gives the first message back and creates
    nothing, under parallel deliveries too (a unique index decides).
    """
    if delivery_key and (first := _delivered(conversation, delivery_key)):
        return first, False
    with blobs.undo_on_failure() as keys:
        stored = [_store(output, conversation.pk, keys) for output in outputs]
        try:
            with transaction.atomic():
                Conversation.objects.select_for_update().get(pk=conversation.pk)
                message = add_message(
                    by=by, conversation=conversation, role=MessageRole.TOOL, body=content, content_type=content_type,
                    tool=tool, is_error=is_error, delivery_key=delivery_key, turn=turn,
                )  # fmt: skip
                versions = [_capture(by, message, *pair) for pair in zip(outputs, stored, strict=True)]
                Output.objects.bulk_create(
                    Output(message=message, version=version, position=position)
                    for position, version in enumerate(versions)
                )
        except Conversation.DoesNotExist:
            raise Http404 from None
        except IntegrityError:
            first = _delivered(conversation, delivery_key) if delivery_key else None
            if first is None:
                raise
            blobs.discard(keys)
            return first, False
    used = {version.file for version in versions}
    blobs.discard(key for key in keys if key not in used)
    return message, True


def adopt_file(*, conversation: Conversation, content: Content, stored: Stored) -> Version | None:
    """Makes rows for a file that lies in a conversation's folder without any; None where its bytes are known.

    The file stays where it is. A message says that it came, as if its tool had delivered it properly.
    """
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=conversation.pk)
        message = add_message(
            by=conversation.owner, conversation=conversation, role=MessageRole.TOOL, body="",
            content_type="text", tool="file",
        )  # fmt: skip
        version = _capture(conversation.owner, message, content, stored)
        if version.file != stored.key:
            message.delete()
            return None
        Output.objects.create(message=message, version=version, position=0)
        return version


def _delivered(conversation: Conversation, key: str) -> Message | None:
    return Message.objects.filter(conversation=conversation, delivery_key=key).first()


def _locked(artifact: Artifact) -> tuple[Artifact, Project]:
    """The artifact and its project, both locked, the project first as everywhere."""
    project = Project.objects.select_for_update().get(pk=artifact.project_id)
    locked = Artifact.objects.select_for_update().filter(pk=artifact.pk).first()
    if locked is None:
        raise Http404
    return locked, project


def _changed(artifact: Artifact, *fields: str) -> Artifact:
    artifact.updated_at = timezone.now()
    artifact.save(update_fields=[*fields, "updated_at"])
    if {"name", "description"} & set(fields):
        search_index.put_names(artifact)
    return artifact


def save_artifact(
    *,
    by: User,
    artifact: Artifact,
    name: str = "",
    description: str = "",
    visibility: str = Visibility.PRIVATE,
) -> Artifact:
    """Takes a chat artifact into the library. Saving twice is a conflict."""
    with transaction.atomic():
        locked, project = _locked(artifact)
        access.require_owner(locked, by)
        access.require_unsaved(locked)
        if visibility == Visibility.PROJECT:
            access.require_sharing(project)
        locked.name = output_name(name) if name else locked.name
        locked.description = description
        locked.visibility = visibility
        locked.saved_at = timezone.now()
        return _changed(locked, "name", "description", "visibility", "saved_at")


def save_artifacts(*, by: User, chosen: Iterable[uuid.UUID]) -> int:
    """Takes many of `by`'s own chat artifacts into the library, private, as they are. Returns how many it took.

    Those that are saved already or somebody else's are left as they are.
    """
    saved = 0
    with transaction.atomic():
        for batch in batched(sorted(chosen)):
            own = Artifact.objects.select_for_update().filter(pk__in=batch, owner=by).chat()
            rows = list(own.order_by("pk"))
            for row in rows:
                row.saved_at = row.updated_at = timezone.now()
                row.name_terms = name_terms(row.name)
            saved += Artifact.objects.bulk_update(rows, ["saved_at", "updated_at", "name_terms"])
    return saved


def set_visibility(*, by: User, artifact: Artifact, visibility: str) -> Artifact:
    """The one place where visibility changes (docs/rules.md 4)."""
    with transaction.atomic():
        locked, project = _locked(artifact)
        access.require_owner(locked, by)
        if locked.visibility == visibility:
            return locked
        access.require_saved(locked)
        if visibility == Visibility.PROJECT:
            access.require_sharing(project)
        locked.visibility = visibility
        return _changed(locked, "visibility")


def update_artifact(
    *,
    by: User,
    artifact: Artifact,
    name: str | None = None,
    description: str | None = None,
    visibility: str | None = None,
) -> Artifact:
    """Changes what is given; all of it or nothing."""
    with transaction.atomic():
        locked, _ = _locked(artifact)
        access.require_owner(locked, by)
        if visibility is not None:
            locked = set_visibility(by=by, artifact=locked, visibility=visibility)
        fields = []
        if name is not None:
            locked.name = output_name(name)
            fields.append("name")
        if description is not None:
            locked.description = description
            fields.append("description")
        return _changed(locked, *fields) if fields else locked


def transfer_ownership(*, by: User, artifact: Artifact, to: str, as_staff: bool = False) -> Artifact:
    """Gives a shared artifact whose owner left the project to a member, by username or e-mail address.

    By an administrator of the project; `as_staff`: the Django admin has seen to the right. What the old owner's
    conversation made of it and nobody was given yet stays the old owner's alone.
    """
    with transaction.atomic():
        # Before the artifact, as deliveries lock them: none may add to it in the middle of this.
        Conversation.objects.select_for_update().filter(artifacts=artifact.pk).first()
        locked, project = _locked(artifact)
        if not as_staff:
            require_administrator(by=by, project=project)
        access.require_transferable(locked)
        source = locked.conversation
        unpublished = list(locked.versions.filter(published=False).order_by("number"))
        keeper = Artifact(
            project=project, conversation=source, owner=locked.owner, name=locked.name,
            output_name=locked.output_name, kind=locked.kind, gallery_type=locked.gallery_type,
            saved_at=None if source else timezone.now(),
        )  # fmt: skip
        locked.owner, locked.conversation = find_member(project, to), None
        locked.latest_number = locked.versions.published().aggregate(n=Max("number"))["n"]
        _changed(locked, "owner", "conversation", "latest_number")
        if unpublished:
            _move(unpublished, keeper)
    return locked


def transfer_several(*, by: User, artifacts: Sequence[Artifact], to: str, as_staff: bool = False) -> None:
    """All of them or none."""
    with transaction.atomic():
        for artifact in artifacts:
            transfer_ownership(by=by, artifact=artifact, to=to, as_staff=as_staff)


def _move(versions: Sequence[Version], artifact: Artifact) -> None:
    """Makes `versions` those of a new artifact."""
    artifact.save()
    for number, version in enumerate(versions, 1):
        version.artifact, version.number, version.published = artifact, number, True
        version.save(update_fields=["artifact", "number", "published"])
    artifact.latest_number = len(versions)
    _publish(artifact, versions[-1])


def delete_artifact(*, by: User, artifact: Artifact) -> Deletion:
    """Takes an artifact away from everybody. It can be undone for a while; then versions and files go too."""
    with transaction.atomic():
        locked, _ = _locked(artifact)
        access.require_owner(locked, by)
        deletion = _begin_deletion(by)
        locked.deletion = deletion
        locked.save(update_fields=["deletion"])
        return deletion


def delete_artifacts(*, by: User, chosen: Iterable[uuid.UUID]) -> tuple[Deletion, int]:
    """Takes many away in one act, to be undone in one; those that aren't `by`'s own stay. Returns how many went."""
    with transaction.atomic():
        deletion = _begin_deletion(by)
        # Everybody locks rows in the same order.
        gone = sum(
            _set_deletion(Artifact.objects.filter(pk__in=batch, owner=by), deletion)
            for batch in batched(sorted(chosen))
        )
        return deletion, gone


def _set_deletion(artifacts: ArtifactQuerySet, deletion: Deletion | None) -> int:
    """What the project loses or gets back one by one, as the audit log tells of it; the private at once."""
    shared = list(artifacts.shared().select_for_update())
    for artifact in shared:
        artifact.deletion = deletion
        artifact.save(update_fields=["deletion"])
    return len(shared) + artifacts.exclude(pk__in=[artifact.pk for artifact in shared]).update(
        deletion=deletion
    )


def batched(ids: list[uuid.UUID], size: int = 500) -> Iterator[list[uuid.UUID]]:
    """Pieces of a list that a statement takes."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _begin_deletion(by: User) -> Deletion:
    deletion = Deletion.objects.create(by=by)
    jobs.enqueue(FINISH_DELETION, deletion.pk, priority=Priority.BULK, after=settings.UNDO_DELETION)
    return deletion


def undelete_artifact(*, by: User, artifact: Artifact) -> Artifact:
    """Brings one artifact back, whatever else was deleted with it. `artifact` is one of `deleted_by(by)`, else 404."""
    with transaction.atomic():
        deletion = _open_deletion(artifact.deletion_id, by)
        _bring_back(Artifact.with_deleted.filter(pk=artifact.pk, deletion=deletion))
        if not Artifact.with_deleted.filter(deletion=deletion).exists():
            deletion.delete()
        return Artifact.objects.get(pk=artifact.pk)


def undo_deletion(*, by: User, deletion: uuid.UUID) -> list[uuid.UUID]:
    """Brings back all that one act of `by`'s deleted; 404 once it is finished. Returns their ids."""
    with transaction.atomic():
        row = _open_deletion(deletion, by)
        back = _bring_back(Artifact.with_deleted.filter(deletion=row))
        row.delete()
        return back


def _open_deletion(pk: uuid.UUID | None, by: User) -> Deletion:
    """The deletion, locked: either it is undone or it is finished, never both."""
    row = Deletion.objects.select_for_update().filter(pk=pk, by=by).first() if pk else None
    if row is None:
        raise Http404
    return row


def _bring_back(deleted: ArtifactQuerySet) -> list[uuid.UUID]:
    back = list(deleted.values_list("pk", flat=True))
    # What its conversation has made under the same name meanwhile is the tool's from now on.
    twins = Artifact.objects.filter(
        conversation=OuterRef("conversation"), output_name=OuterRef("output_name"), kind=OuterRef("kind")
    )
    for artifact in deleted.filter(Exists(twins)).only("output_name"):
        own = f"{artifact.output_name[:200]} ({artifact.pk})"
        Artifact.with_deleted.filter(pk=artifact.pk).update(output_name=own)
    _set_deletion(deleted, None)
    return back


def finish_deletion(deletion_id: uuid.UUID) -> None:
    """Removes what one act deleted, its versions and, once that is certain, its files. Safe to run twice."""
    while _finish_some(deletion_id):
        pass


def _finish_some(deletion_id: uuid.UUID, most: int = 200) -> bool:
    """Whether something is left to do."""
    with transaction.atomic():
        deletion = Deletion.objects.select_for_update().filter(pk=deletion_id).first()
        if deletion is None:
            return False
        some = list(Artifact.with_deleted.filter(deletion=deletion).values_list("pk", flat=True)[:most])
        _delete(Artifact.with_deleted.filter(pk__in=some))
        if len(some) < most:
            deletion.delete()
            return False
        return True


def finishing_gave_up(deletion_id: uuid.UUID, reason: str) -> None:
    """After the last attempt: nobody sees what was deleted, and upkeep tries again."""
    log.error("deletion not finished", deletion=str(deletion_id), reason=reason)


def finish_overdue_deletions() -> int:
    """Finishes those whose job was given up or lost. Returns how many."""
    before = timezone.now() - settings.UNDO_DELETION - OVERDUE
    overdue = Deletion.objects.filter(created_at__lt=before).values_list("pk", flat=True)
    for pk in list(overdue):
        finish_deletion(pk)
    return len(overdue)


def _delete(artifacts: Any) -> None:
    keys = list(Version.objects.filter(artifact__in=artifacts).values_list("file", flat=True))
    pictures = Thumbnail.objects.filter(version__artifact__in=artifacts).exclude(file="")
    keys += pictures.values_list("file", flat=True)
    grids = Grid.objects.filter(version__artifact__in=artifacts).exclude(file="")
    keys += grids.values_list("file", flat=True)
    artifacts.delete()
    blobs.discard_on_commit(keys)


def delete_conversation_artifacts(*, conversation: Conversation) -> None:
    """The part of deleting a conversation that is about artifacts: chat artifacts go, saved ones stay."""
    _delete(Artifact.with_deleted.filter(conversation=conversation).chat())


def _folder_of(artifact: Artifact) -> uuid.UUID:
    """The conversation in whose folder the files lie, which may be gone by now."""
    if artifact.conversation_id:
        return artifact.conversation_id
    key = artifact.versions.values_list("file", flat=True)[0]
    return uuid.UUID(key.split("/")[2])


def add_version(*, by: User, artifact: Artifact, content: Content, after: int | None = None) -> Version:
    """The owner's next version, which readers get at once. Identical content makes none.

    `after` is the newest version that the owner knew of; a conflict where there is a newer one by now.
    """
    access.require_owner(artifact, by)
    if content.kind != artifact.kind:
        raise Invalid("type", f"A version of this artifact must be of type {artifact.kind}.")

    def make(locked: Artifact) -> Version | None:
        if after is not None:
            access.require_newest(locked, after)
        return _add_version(locked, content, stored, tool="")

    with blobs.undo_on_failure() as keys:
        stored = _store(content, _folder_of(artifact), keys)
        version = _publish_next(by, artifact, make)
    if version.file != stored.key:
        blobs.discard([stored.key])
    return version


def edit_text(*, by: User, artifact: Artifact, text: str, after: int | None = None) -> Version:
    """The owner's next version out of a text typed over the current one, which keeps its type."""
    access.require_owner(artifact, by)
    old = artifact.current
    if old is None:
        raise Http404
    access.require_editable(artifact, old)
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Invalid("text", f"The text has an unpaired surrogate at character {error.start}.") from error
    content = Content(
        artifact.kind, artifact.name, ContentFile(raw), extension_of(old.file), old.media_type,
        {"excerpt": excerpt(text)},
    )  # fmt: skip
    return add_version(by=by, artifact=artifact, content=content, after=after)


def restore_version(*, by: User, artifact: Artifact, number: int) -> Version:
    """Makes a new version out of an old one's content; history is never rewritten."""
    access.require_owner(artifact, by)
    old = artifact.versions.filter(number=number).first()
    if old is None:
        raise Http404
    with blobs.open_blob(old.file) as file:
        content = Content(
            artifact.kind, artifact.name, File(file), extension_of(old.file), old.media_type, old.preview,
            old.table_index,
        )  # fmt: skip
        return add_version(by=by, artifact=artifact, content=content)


def _publish_next(by: User, artifact: Artifact, make: Callable[[Artifact], Version | None]) -> Version:
    with transaction.atomic():
        locked, _ = _locked(artifact)
        access.require_owner(locked, by)
        version = make(locked) or locked.versions.get(number=locked.latest_number)
        _publish(locked, version)
    return version
