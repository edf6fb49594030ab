"""What happens to projects and their members."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from accounts.models import User
from artifactsite.lib.errors import Conflict, Forbidden, Invalid
from artifactsite.lib.names import clean_name
from projects.access import ADMINISTRATORS_ONLY, administers
from projects.models import Membership, Project, Role

EDITABLE = (
    "name", "allow_artifact_sharing", "max_files", "max_file_size_mb", "max_tokens", "agent_instructions",
    "program_cpu_seconds", "program_wall_seconds", "program_memory_mb", "program_output_mb", "preview_hosts",
    "agent_base_url", "agent_model", "agent_api_key",
)  # fmt: skip
LAST_ADMINISTRATOR = "A project needs an administrator. Make somebody else one first."
MOST_NAMED = 5


def _save_checked(project: Project, **options: Any) -> None:
    """Saves after the model's own validation (limits and ceilings), told in the API's shape."""
    try:
        project.full_clean(exclude=["slug"])
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise Invalid(field, f"{field}: {sentences[0]}") from error
    project.save(**options)


def create_project(*, by: User, name: str, **values: Any) -> Project:
    """A new project, with its maker as administrator."""
    label = clean_name(name, longest=200)
    if not label:
        raise Invalid("name", "Give the project a name.")
    base = slugify(label)[:200] or "project"
    slug = (
        base if not Project.objects.filter(slug=base).exists() else f"{base}-{get_random_string(6).lower()}"
    )
    with transaction.atomic():
        project = Project(name=label, slug=slug, **values)
        _save_checked(project)
        Membership.objects.create(project=project, user=by, role=Role.ADMINISTRATOR)
    return project


def require_administrator(*, by: User, project: Project) -> None:
    if not administers(by, project.pk):
        raise Forbidden(ADMINISTRATORS_ONLY)


def _check_agent_address(address: str) -> str:
    """An endpoint that a project may name. The server calls it, so only hosts that the site allows."""
    address = address.strip().rstrip("/")
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and parts.netloc in settings.AGENT_PROJECT_HOSTS
    except ValueError:
        known = False
    if not known:
        allowed = ", ".join(settings.AGENT_PROJECT_HOSTS) or "none"
        raise Invalid(
            "agent_base_url",
            f"Projects may use agents at these hosts: {allowed}. "
            "The site's operator adds others to AGENT_PROJECT_HOSTS.",
        )
    return address


def update_project(*, by: User, project: Project, **values: Any) -> Project:
    """Changes settings; administrators only. Fields outside EDITABLE are a programming error."""
    if unknown := set(values) - set(EDITABLE):
        raise TypeError(f"not editable: {sorted(unknown)}")
    with transaction.atomic():
        # Locked as every visibility change locks it: sharing can't be switched in the middle of one.
        locked = Project.objects.select_for_update().get(pk=project.pk)
        require_administrator(by=by, project=locked)
        if "agent_base_url" in values:
            values["agent_base_url"] = _check_agent_address(values["agent_base_url"])
            if values["agent_base_url"] != locked.agent_base_url:
                # A stored key must not follow to an address that somebody else chose.
                values.setdefault("agent_api_key", "")
        for field, value in values.items():
            setattr(locked, field, clean_name(value, longest=200) if field == "name" else value)
        if not locked.name:
            raise Invalid("name", "Give the project a name.")
        if values:
            columns = ["agent_api_key_sealed" if field == "agent_api_key" else field for field in values]
            _save_checked(locked, update_fields=columns)
    return locked


def find_user(name: str) -> User | None:
    """An active user by username or e-mail address."""
    return User.objects.filter(
        Q(username=name) | Q(email__iexact=name) & ~Q(email=""), is_active=True
    ).first()


def find_member(project: Project, name: str) -> User:
    """An active member by username or e-mail address; `Invalid` where the project has none of this name."""
    found = find_user(name)
    if found is None or not Membership.objects.filter(project=project, user=found).exists():
        raise Invalid(
            "to",
            f"Nobody of this username or e-mail address is a member of {project.name}. Check its spelling.",
            code="not_a_member",
        )
    return found


def add_member(*, by: User, project: Project, user: str, role: str = Role.COLLABORATOR) -> Membership:
    require_administrator(by=by, project=project)
    found = find_user(user)
    if found is None:
        raise Invalid(
            "user", "Nobody has this username or e-mail address. Check its spelling.", code="unknown_user"
        )
    try:
        with transaction.atomic():
            lock_members(project)
            require_administrator(by=by, project=project)
            return Membership.objects.create(project=project, user=found, role=role)
    except IntegrityError as error:
        raise Conflict(
            "already_member", f"{found.username} is a member already. Change the role instead."
        ) from error


def lock_members(project: Project) -> None:
    """Until the transaction ends nobody else changes who belongs to the project.

    So two administrators can't both stop being the last but one, and nobody acts on a right that just ended.
    """
    Project.objects.select_for_update().filter(pk=project.pk).first()


def _membership(project: Project, user_id: int) -> Membership:
    # By the user's own key, which also takes a number that no column could hold.
    membership = Membership.objects.filter(project=project, user__pk=user_id).select_related("user").first()
    if membership is None:
        raise Http404
    return membership


def _keep_an_administrator(membership: Membership) -> None:
    alone = Project.objects.filter(pk=membership.project_id).administered_only_by([membership.user_id])
    if alone.exists():
        raise Conflict("last_administrator", LAST_ADMINISTRATOR)


def keep_administrators(people: Iterable[int], **_: Any) -> None:
    """Refuses that these people (keys) are deactivated or deleted while a project has no other administrator.

    Nobody changes who belongs to their projects until the caller's transaction ends.
    """
    people = list(people)
    administered = Membership.objects.filter(user__in=people, role=Role.ADMINISTRATOR).values("project")
    with transaction.atomic():
        list(Project.objects.select_for_update().filter(pk__in=administered).order_by("pk"))
        alone = Project.objects.administered_only_by(people).order_by("name").values_list("name", flat=True)
        named = list(alone[: MOST_NAMED + 1])
    if named:
        more = ", and others" if len(named) > MOST_NAMED else ""
        raise Conflict(
            "last_administrator",
            f"{LAST_ADMINISTRATOR} This concerns {', '.join(named[:MOST_NAMED])}{more}.",
        )


def change_role(*, by: User, project: Project, user_id: int, role: str) -> Membership:
    with transaction.atomic():
        lock_members(project)
        require_administrator(by=by, project=project)
        membership = _membership(project, user_id)
        if role != Role.ADMINISTRATOR:
            _keep_an_administrator(membership)
        membership.role = role
        membership.save(update_fields=["role"])
    return membership


def remove_member(*, by: User, project: Project, user_id: int) -> None:
    """Ends a membership: by an administrator, or one's own. Access ends with it, at once."""
    with transaction.atomic():
        lock_members(project)
        if user_id != by.pk:
            require_administrator(by=by, project=project)
        membership = _membership(project, user_id)
        _keep_an_administrator(membership)
        membership.delete()
