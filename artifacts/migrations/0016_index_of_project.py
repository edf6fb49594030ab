"""What somebody has in a project is found in an index alone, however much they have elsewhere."""

from django.db import migrations, models

from artifactsite.lib.migrations import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0015_beginnings")]

    operations = [
        AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=[
                    "owner",
                    "project",
                    "-created_at",
                    "-id",
                    "visibility",
                    "saved_at",
                    "gallery_type",
                    "kind",
                    "deletion",
                ],
                condition=models.Q(("latest_number__gte", 0)),
                name="artifact_of_owner_in_project",
            ),
        ),
    ]
