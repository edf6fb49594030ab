"""The index over names gives each reader what they may see: its terms stand behind the key of who that is.

Names saved before keep the term of their project among their terms. Nothing asks for it, and to write a million rows
anew takes long.
"""

from django.db import migrations, models

from mentions.index import postgres, sqlite


def _of(schema_editor):
    return postgres if schema_editor.connection.vendor == "postgresql" else sqlite


def remove(apps, schema_editor):
    for statement in _of(schema_editor).REMOVE:
        schema_editor.execute(statement)


def install(apps, schema_editor):
    for statement in _of(schema_editor).INSTALL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("mentions", "0003_uploads_and_authors"), ("artifacts", "0007_search_by_reader")]

    operations = [
        migrations.RunPython(remove, install),
        migrations.RunPython(install, remove),
        migrations.RemoveIndex(model_name="mention", name="mention_own_use"),
        migrations.AddIndex(
            model_name="mention",
            index=models.Index(fields=["author", "artifact", "-id"], name="mention_own_last_use"),
        ),
    ]
