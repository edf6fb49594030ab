"""A deletion that can be undone: the indexes of lists know what is deleted."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("artifacts", "0007_search_by_reader"),
        ("conversations", "0001_initial"),
        ("projects", "0003_program_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Deletion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="artifact",
            name="artifact_no_twin_in_conversation",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_in_conversation",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_saved_by_owner",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_of_owner",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_of_owner_by_type",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_of_owner_changed",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_of_owner_by_name",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_shared",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_shared_changed",
        ),
        migrations.RemoveIndex(
            model_name="artifact",
            name="artifact_shared_by_name",
        ),
        migrations.AddField(
            model_name="artifact",
            name="deletion",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to="artifacts.deletion",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=[
                    "owner",
                    "-created_at",
                    "-id",
                    "project",
                    "visibility",
                    "saved_at",
                    "gallery_type",
                    "kind",
                    "deletion",
                ],
                name="artifact_of_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=[
                    "owner",
                    "gallery_type",
                    "-created_at",
                    "-id",
                    "project",
                    "visibility",
                    "saved_at",
                    "deletion",
                ],
                name="artifact_of_owner_by_type",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=["owner", "-updated_at", "-id", "project", "visibility", "saved_at", "deletion"],
                name="artifact_of_owner_changed",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=["owner", "name", "id", "project", "visibility", "saved_at", "deletion"],
                name="artifact_of_owner_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("saved_at__isnull", False), ("visibility", "project")),
                fields=["project", "-created_at", "-id", "owner", "gallery_type", "kind", "deletion"],
                name="artifact_shared",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("saved_at__isnull", False), ("visibility", "project")),
                fields=["project", "-updated_at", "-id", "owner", "deletion"],
                name="artifact_shared_changed",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("saved_at__isnull", False), ("visibility", "project")),
                fields=["project", "name", "id", "owner", "deletion"],
                name="artifact_shared_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("saved_at__isnull", False)),
                fields=["owner", "project", "-created_at", "-id", "deletion"],
                name="artifact_saved_by_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                fields=["conversation", "created_at", "deletion"], name="artifact_in_conversation"
            ),
        ),
        migrations.AddIndex(
            model_name="artifact",
            index=models.Index(
                condition=models.Q(("deletion__isnull", False)), fields=["deletion"], name="artifact_deleted"
            ),
        ),
        migrations.AddConstraint(
            model_name="artifact",
            constraint=models.UniqueConstraint(
                condition=models.Q(("conversation__isnull", False), ("deletion__isnull", True)),
                fields=("conversation", "output_name", "kind"),
                name="artifact_no_twin_in_conversation",
            ),
        ),
    ]
