"""Mentions of uploads; and who wrote each mention."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def fill_authors(apps, schema_editor):
    message = apps.get_model("conversations", "Message").objects.filter(pk=models.OuterRef("message_id"))
    apps.get_model("mentions", "Mention").objects.update(author=models.Subquery(message.values("author")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("mentions", "0002_name_index"),
        ("uploads", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="mention",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="mention",
            name="upload",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="mentions",
                to="uploads.upload",
            ),
        ),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["author", "artifact"], name="mention_own_use"),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.CheckConstraint(
                condition=models.Q(("artifact__isnull", True), ("upload__isnull", True), _connector="OR"),
                name="mention_of_one_thing",
            ),
        ),
        migrations.RunPython(fill_authors, migrations.RunPython.noop),
    ]
