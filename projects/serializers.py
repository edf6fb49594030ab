"""How projects and members travel."""

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifactsite.lib.fields import StrictModelSerializer, Text, Whole
from projects.access import Ability, project_abilities
from projects.audit import told
from projects.models import LEAST_MEMORY_MB, AuditEntry, Membership, Project, Role

HOST = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?\Z"


class HostField(Text):
    """A host name with an optional port, without scheme or path."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=260, validators=[RegexValidator(HOST)], **options)


class ProjectSerializer(StrictModelSerializer):
    role = serializers.ChoiceField(choices=Role.choices, read_only=True)
    max_files = Whole(min_value=1, max_value=settings.CEILING_FILES, required=False)
    max_file_size_mb = Whole(min_value=1, max_value=settings.CEILING_FILE_SIZE_MB, required=False)
    max_tokens = Whole(min_value=1, max_value=settings.CEILING_TOKENS, required=False)
    program_cpu_seconds = Whole(min_value=1, max_value=settings.CEILING_PROGRAM_CPU_SECONDS, required=False)
    program_wall_seconds = Whole(min_value=1, max_value=settings.CEILING_PROGRAM_WALL_SECONDS, required=False)
    program_memory_mb = Whole(
        min_value=LEAST_MEMORY_MB, max_value=settings.CEILING_PROGRAM_MEMORY_MB, required=False
    )
    program_output_mb = Whole(min_value=1, max_value=settings.CEILING_PROGRAM_OUTPUT_MB, required=False)
    preview_hosts = serializers.ListField(child=HostField(), max_length=50, required=False)
    abilities = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = [
            "id", "name", "slug", "role", "allow_artifact_sharing", "max_files", "max_file_size_mb", "max_tokens",
            "program_cpu_seconds", "program_wall_seconds", "program_memory_mb", "program_output_mb",
            "agent_instructions", "preview_hosts", "abilities",
        ]  # fmt: skip
        read_only_fields = ["slug"]

    def get_abilities(self, project: Project) -> dict[str, Ability]:
        return project_abilities(project.role)  # type: ignore[attr-defined]


class AgentSerializer(StrictModelSerializer):
    """A project's own agent; its key goes in and never comes out."""

    agent_api_key = Text(
        max_length=500, required=False, allow_blank=True, write_only=True, help_text="Empty removes it."
    )
    agent_api_key_set = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = ["agent_base_url", "agent_model", "agent_api_key", "agent_api_key_set"]

    def get_agent_api_key_set(self, project: Project) -> bool:
        return bool(project.agent_api_key_sealed)


class MemberSerializer(serializers.ModelSerializer[Membership]):
    user = serializers.CharField(source="user.username", read_only=True)
    user_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = Membership
        fields = ["user", "user_id", "role", "created_at"]


class NewMemberSerializer(serializers.Serializer[Membership]):
    user = Text(max_length=254, help_text="Username or e-mail address.")
    role = serializers.ChoiceField(choices=Role.choices, default=Role.COLLABORATOR)


class RoleSerializer(serializers.Serializer[Membership]):
    role = serializers.ChoiceField(choices=Role.choices)


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """A line of the audit log. Wants `log` selected along."""

    actor = serializers.CharField(source="actor_name", read_only=True, help_text="Empty: the site itself.")
    changes = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = ["id", "created_at", "actor", "act", "target", "about", "changes"]

    @extend_schema_field(
        serializers.DictField(child=serializers.ListField(child=serializers.CharField(), max_length=2))
    )
    def get_changes(self, entry: AuditEntry) -> dict[str, list[str]]:
        return told(entry)
