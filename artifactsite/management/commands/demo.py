"""Fills an empty site with a demo project and prints how to sign in."""

import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.models import User
from artifacts.models import Artifact, Visibility
from artifacts.services import save_artifact
from artifactsite.demo import documents, programs
from conversations.models import Conversation
from conversations.services import create_conversation
from jobs import services as jobs
from jobs.models import Job, JobState, Queue
from mentions.syntax import token
from playground.services import post, start_program
from projects.models import Membership, Project, Role
from projects.services import create_project
from uploads.services import receive


class Command(BaseCommand):
    help = "Creates a user, a project and two conversations, by running programs and extracting documents."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(username="demo").exists():
            self.stdout.write("The demo project is here already.")
            return
        password = secrets.token_urlsafe(9)
        demo = User.objects.create_superuser("demo", "demo@example.org", password)
        kim = User.objects.create_user("kim", "kim@example.org")
        project = create_project(by=demo, name="Demo")
        Membership.objects.create(project=project, user=kim, role=Role.COLLABORATOR)
        shared = self._review(demo, project)
        self._plan(kim, project, shared)
        self.stdout.write(f"\nSign in at {settings.SITE_URL} as demo with the password {password}")
        self.stdout.write("It is shown only now. Change it under Account.\n")

    def _review(self, demo: User, project: Project) -> Artifact | None:
        review = create_conversation(by=demo, project=project, title="Regional review")
        files = [documents.sales_workbook(), documents.briefing(), documents.minutes()]
        receive(by=demo, conversation=review, files=files)
        post(
            by=demo,
            conversation=review,
            role="user",
            body="Where did we grow last year? The workbook is attached.",
        )
        self._run(demo, review, programs.GROWTH)
        self._run(demo, review, programs.BARS)
        table = Artifact.objects.filter(conversation=review, name="Sales by region").first()
        if table is None:
            self.stderr.write(
                "Programs can't run here, so the demo has none. `manage.py check_sandbox` says why."
            )
            return None
        description = "Totals and growth of each region in 2026."
        save_artifact(by=demo, artifact=table, description=description, visibility=Visibility.PROJECT)
        body = f"Keep {token(table.name, table.pk)} for the steering group."
        post(by=demo, conversation=review, role="user", body=body)
        return table

    def _plan(self, kim: User, project: Project, shared: Artifact | None) -> None:
        plan = create_conversation(by=kim, project=project, title="Plan for next year")
        if shared is not None:
            post(by=kim, conversation=plan, role="user", body=f"Start from {token(shared.name, shared.pk)}.")
        self._run(kim, plan, programs.REPORT)
        for artifact in Artifact.objects.filter(conversation=plan, name="plan.md"):
            save_artifact(by=kim, artifact=artifact, visibility=Visibility.PROJECT)

    def _run(self, by: User, conversation: Conversation, code: str) -> None:
        """Queues a program and waits for all that is queued, helping as a second worker beside the site's own."""
        start_program(by=by, conversation=conversation, code=code)
        while Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
            for job in jobs.waiting(list(Queue.values), 20):
                jobs.execute(job.pk)
            time.sleep(0.05)
