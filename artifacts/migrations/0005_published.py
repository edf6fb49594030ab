"""Which versions readers were given: of a saved artifact not those that its conversation made since."""

from django.db import migrations, models
from django.db.models import F


def hide_what_was_not_given(apps, schema_editor):
    versions = apps.get_model("artifacts", "Version").objects
    later = versions.filter(artifact__saved_at__isnull=False, number__gt=F("artifact__current__number"))
    versions.filter(pk__in=later.values("pk")).update(published=False)


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0004_thumbnails_and_orders")]

    operations = [
        migrations.AddField(
            model_name="version",
            name="published",
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.RunPython(hide_what_was_not_given, migrations.RunPython.noop, elidable=True),
    ]
