"""May this file be attached, and why not: the project's limits on size and number."""

from typing import Any

from django.db.models import Count, QuerySet

from artifactsite.lib import worded
from artifactsite.lib.errors import Refusal
from artifactsite.lib.worded import Values
from conversations.models import Conversation
from projects.models import Project
from uploads.models import Upload


def room(conversation: Conversation) -> int:
    """How many more files the conversation may hold; certain only under a lock on it."""

    def counted(values: Values) -> QuerySet[Any, Any]:
        there = Upload.objects.filter(conversation=values["conversation"]).order_by()
        return there.values("conversation").annotate(number=Count("pk")).values_list("number")

    found = worded.rows("uploads counted", counted, {"conversation": conversation.pk})
    return max(0, conversation.project.max_files - (found[0][0] if found else 0))


def too_large(project: Project) -> Refusal:
    sentence = f"The file is larger than {project.max_file_size_mb} MB, this project's limit."
    return Refusal("too_large", sentence, status=413)


def too_many(project: Project) -> Refusal:
    sentence = (
        f"A conversation holds at most {project.max_files} files. "
        "Remove one that is not needed, or start a new conversation."
    )
    return Refusal("too_many_files", sentence)
