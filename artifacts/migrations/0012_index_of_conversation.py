"""A conversation's artifacts are found in an index alone. The new index comes before the old one goes."""

from django.db import migrations, models

from artifactsite.lib.migrations import AddIndex, RemoveIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0011_grid_summary")]

    operations = [
        AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=[
                    "conversation",
                    "-created_at",
                    "-id",
                    "project",
                    "owner",
                    "visibility",
                    "saved_at",
                    "deletion",
                ],
                name="artifact_of_conversation",
            ),
        ),
        RemoveIndex(model_name="artifact", name="artifact_in_conversation"),
    ]
