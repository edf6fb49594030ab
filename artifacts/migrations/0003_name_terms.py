"""The terms of saved artifacts' names, and the index for somebody's newest saved artifacts in a project."""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower

import artifacts.models

BATCH = 500


def fill(apps, schema_editor):
    artifact = apps.get_model("artifacts", "Artifact")
    saved = artifact.objects.filter(saved_at__isnull=False).only("pk", "name", "saved_at")
    batch = []
    for row in saved.iterator(BATCH):
        row.name_terms = artifacts.models.name_terms(row.name)
        batch.append(row)
        if len(batch) == BATCH:
            artifact.objects.bulk_update(batch, ["name_terms"])
            batch = []
    artifact.objects.bulk_update(batch, ["name_terms"])


class Migration(migrations.Migration):
    dependencies = [
        ("artifacts", "0002_search"),
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="artifact",
            name="name_terms",
            field=artifacts.models.NameTermsField(default="", editable=False),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("saved_at__isnull", False)),
                fields=["owner", "project", "-created_at", "-id"],
                name="artifact_saved_by_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(models.F("project"), Lower("name"), name="artifact_by_name"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
