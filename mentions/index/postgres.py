"""The index on PostgreSQL: GIN over the terms of saved artifacts' names."""

from uuid import UUID

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from artifacts.querysets import ArtifactQuerySet
from mentions.index.base import Wanted

_TERMS = "string_to_array(artifacts_artifact.name_terms, ' ')"
INSTALL = [
    # Without fastupdate: a reader would go through the whole list of what is not sorted in yet.
    (
        "CREATE INDEX mentions_name_terms ON artifacts_artifact USING gin (string_to_array(name_terms, ' '))"
        " WITH (fastupdate = off) WHERE saved_at IS NOT NULL"
    ),
]
REMOVE = ["DROP INDEX mentions_name_terms"]


# Beginnings of one or two letters stand for so much that the newest are gone through instead.
SHORTEST = 3


def matching(visible: ArtifactQuerySet, wanted: Wanted, limit: int) -> list[tuple[UUID, str]]:
    """In whichever order the index gives them: sorting would first have to find them all."""
    return list(_filtered(visible, wanted).values_list("pk", "name")[:limit])


def among(saved: ArtifactQuerySet, wanted: Wanted, limit: int, most: int) -> list[tuple[UUID, str]]:
    """Those of the newest `most` whose terms are wanted, without the index."""
    return list(_filtered(saved.newest(most), wanted).values_list("pk", "name")[:limit])


def _filtered(artifacts: ArtifactQuerySet, wanted: Wanted) -> ArtifactQuerySet:
    for alternatives in wanted:
        sql = " OR ".join([f"{_TERMS} @> %s"] * len(alternatives))
        terms = [sorted(alternative) for alternative in alternatives]
        artifacts = artifacts.filter(RawSQL(f"({sql})", terms, output_field=BooleanField()))  # noqa: S611 - no word of theirs in it
    return artifacts
