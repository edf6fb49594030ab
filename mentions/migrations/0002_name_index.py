"""The database's own index over the terms of saved artifacts' names."""

from django.db import migrations

from mentions.index import postgres, sqlite


def _of(schema_editor):
    return postgres if schema_editor.connection.vendor == "postgresql" else sqlite


def install(apps, schema_editor):
    for statement in _of(schema_editor).INSTALL:
        schema_editor.execute(statement)


def remove(apps, schema_editor):
    for statement in _of(schema_editor).REMOVE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("mentions", "0001_initial"), ("artifacts", "0003_name_terms")]

    operations = [migrations.RunPython(install, remove)]
