"""How the audit log is searched, the same for API and page."""

import django_filters

from artifactsite.lib.filters import MomentFilter
from projects.models import Act, AuditEntry


class AuditFilter(django_filters.FilterSet):
    """Who, what, when."""

    actor = django_filters.CharFilter(field_name="actor_name", max_length=150)
    act = django_filters.ChoiceFilter(choices=Act.choices)
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: list[str] = []
