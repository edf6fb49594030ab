"""Creates or finds a user and a project, for scripts and tests."""

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Scope, User
from accounts.services import create_token
from artifactsite.lib.errors import Refusal
from projects.models import Membership, Project, Role
from projects.services import create_project


class Command(BaseCommand):
    help = "Creates or finds a user and a project and prints one JSON object {username, project, token}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", required=True)
        parser.add_argument(
            "--password-env", metavar="VAR", help="environment variable that holds the password"
        )
        parser.add_argument(
            "--admin", action="store_true", help="may use the Django admin and administers the project"
        )
        parser.add_argument("--project", metavar="NAME", help="project to create, or to join where it exists")
        parser.add_argument(
            "--print-token", action="store_true", help="make a token with scope write and print it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self._bootstrap(options)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(json.dumps(answer))

    @transaction.atomic
    def _bootstrap(self, options: dict[str, Any]) -> dict[str, str | None]:
        user = self._user(options["username"], options["password_env"], options["admin"])
        project = self._project(user, options["project"], options["admin"]) if options["project"] else None
        secret = None
        if options["print_token"]:
            _, secret = create_token(by=user, name="bootstrap", scope=Scope.WRITE)
        return {"username": user.username, "project": str(project.pk) if project else None, "token": secret}

    def _user(self, username: str, password_env: str | None, admin: bool) -> User:
        user, created = User.objects.get_or_create(username=username)
        if password_env:
            password = os.environ.get(password_env)
            if not password:
                raise CommandError(f"The environment variable {password_env} is not set.")
            user.set_password(password)
        elif created:
            user.set_unusable_password()
        if admin:
            user.is_staff = user.is_superuser = True
        user.save()
        return user

    def _project(self, user: User, name: str, admin: bool) -> Project:
        project = Project.objects.filter(name=name).order_by("created_at").first()
        if project is None:
            return create_project(by=user, name=name)
        role = Role.ADMINISTRATOR if admin else Role.COLLABORATOR
        membership, created = Membership.objects.get_or_create(
            project=project, user=user, defaults={"role": role}
        )
        if admin and not created and membership.role != Role.ADMINISTRATOR:
            membership.role = Role.ADMINISTRATOR
            membership.save(update_fields=["role"])
        return project
