"""The table of work in the Django admin: what waits, runs and failed, and a way to run what failed again."""

import contextlib
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from artifactsite.lib.errors import Conflict
from jobs import services
from jobs.models import Job


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    list_display = [
        "task", "target", "queue", "priority", "state", "attempts", "reason", "created_at", "started_at",
        "finished_at",
    ]  # fmt: skip
    fields = [
        "id", "task", "target", "queue", "priority", "state", "attempts", "reason", "available_at", "leased_until",
        "created_at", "started_at", "finished_at",
    ]  # fmt: skip
    list_filter = ["state", "queue", "task", "created_at"]
    search_fields = ["^id", "^target", "task"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["requeue"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.display(description="error")
    def reason(self, job: Job) -> str:
        return job.kind_of_error

    @admin.action(description="Run the selected failed jobs again", permissions=["requeue"])
    def requeue(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        done = 0
        for job in jobs:
            with contextlib.suppress(Conflict):
                services.requeue(job)
                done += 1
        skipped = jobs.count() - done
        if done:
            self.message_user(request, f"Queued again: {done}.", messages.SUCCESS)
        if skipped:
            self.message_user(
                request,
                f"Left as they are, since they did not fail or were tried again: {skipped}.",
                messages.WARNING,
            )
