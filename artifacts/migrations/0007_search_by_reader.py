"""Search on PostgreSQL asks its index for what a reader may see, not for what everybody made."""

from django.db import migrations

from artifacts.search import postgres


def _run(schema_editor, statements):
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)


def install(apps, schema_editor):
    _run(schema_editor, postgres.INSTALL_READERS)


def remove(apps, schema_editor):
    _run(schema_editor, postgres.REMOVE_READERS)


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0006_covering_indexes")]

    operations = [migrations.RunPython(install, remove)]
