"""What administrators type about a project."""

from collections.abc import Iterable
from datetime import datetime, time, tzinfo
from typing import Any

from django import forms
from django.conf import settings
from rest_framework import serializers

from projects.models import LEAST_MEMORY_MB, Act, Project, Role
from projects.serializers import HostField

MOST_HOSTS = 50


def checked_hosts(lines: Iterable[Any]) -> list[str]:
    """Host names without blanks and twins; refused as the API refuses them, since they end up in a policy header."""
    hosts = list(dict.fromkeys(name for line in lines if (name := str(line).strip().lower())))
    if len(hosts) > MOST_HOSTS:
        raise forms.ValidationError(f"At most {MOST_HOSTS} hosts, please.")
    field = HostField()
    for host in hosts:
        try:
            field.run_validation(host)
        except serializers.ValidationError as error:
            raise forms.ValidationError(
                f"{host[:80]} is not a host name. Write it like cdn.example.com, without https:// and path."
            ) from error
    return hosts


def _limit(ceiling: int, least: int = 1) -> forms.IntegerField:
    sentence = f"Type a whole number from {least:,} to {ceiling:,}."
    return forms.IntegerField(
        min_value=least,
        max_value=ceiling,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), sentence),
    )


class SettingsForm(forms.Form):
    """The settings of a project, each with the ceiling that this installation sets."""

    name = forms.CharField(max_length=200)
    allow_artifact_sharing = forms.BooleanField(required=False)
    max_files = _limit(settings.CEILING_FILES)
    max_file_size_mb = _limit(settings.CEILING_FILE_SIZE_MB)
    max_tokens = _limit(settings.CEILING_TOKENS)
    program_cpu_seconds = _limit(settings.CEILING_PROGRAM_CPU_SECONDS)
    program_wall_seconds = _limit(settings.CEILING_PROGRAM_WALL_SECONDS)
    program_memory_mb = _limit(settings.CEILING_PROGRAM_MEMORY_MB, LEAST_MEMORY_MB)
    program_output_mb = _limit(settings.CEILING_PROGRAM_OUTPUT_MB)
    agent_base_url = forms.CharField(max_length=500, required=False)
    agent_model = forms.CharField(max_length=200, required=False)
    # Never filled in from what is stored: typing replaces it, and there is a box to remove it.
    agent_api_key = forms.CharField(max_length=500, required=False)
    remove_agent_api_key = forms.BooleanField(required=False)
    agent_instructions = forms.CharField(max_length=50_000, required=False, strip=False)
    preview_hosts = forms.CharField(max_length=20_000, required=False)

    def clean_preview_hosts(self) -> list[str]:
        """One host a line."""
        return checked_hosts(self.cleaned_data["preview_hosts"].splitlines())

    def clean_agent_instructions(self) -> str:
        # Browsers send line ends in a way of their own.
        text: str = self.cleaned_data["agent_instructions"]
        return text.replace("\r\n", "\n")

    def changes(self, project: Project) -> dict[str, Any]:
        """What `update_project` is to change: a key only where one was typed or is to go, an address if it is new."""
        values = dict(self.cleaned_data)
        key, remove = values.pop("agent_api_key"), values.pop("remove_agent_api_key")
        if key or remove:
            values["agent_api_key"] = key
        if values["agent_base_url"].strip() == project.agent_base_url:
            del values["agent_base_url"]
        return values


class NewMemberForm(forms.Form):
    user = forms.CharField(max_length=254)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.COLLABORATOR)


class MemberForm(forms.Form):
    """What to do with a member: a role to give, or that they go."""

    act = forms.ChoiceField(choices=[*Role.choices, ("remove", "Remove")])


class AuditForm(forms.Form):
    """What the audit log is searched for: who, what, and the days from one to another."""

    actor = forms.CharField(max_length=150, required=False)
    act = forms.ChoiceField(choices=[("", "Everything"), *Act.choices], required=False)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)

    def filters(self, zone: tzinfo) -> dict[str, str]:
        """The same for `AuditFilter`: days as they are in `zone`, the last one included."""
        values = self.cleaned_data
        found = {name: values[name] for name in ("actor", "act") if values[name]}
        if values["since"]:
            found["created_after"] = datetime.combine(values["since"], time(), zone).isoformat()
        if values["until"]:
            found["created_before"] = datetime.combine(values["until"], time.max, zone).isoformat()
        return found


def hosts_as_text(hosts: list[Any]) -> str:
    return "\n".join(str(host) for host in hosts)
