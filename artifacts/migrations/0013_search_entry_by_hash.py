"""Search on PostgreSQL finds an artifact's entry by a hash of its id."""

from django.db import migrations

from artifacts.search import postgres
from artifactsite.lib.migrations import drop_index


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        drop_index(schema_editor, postgres.OF_ARTIFACT)
        schema_editor.execute(postgres.INDEX_OF_ARTIFACT)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        drop_index(schema_editor, postgres.OF_ARTIFACT)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0012_index_of_conversation")]

    operations = [migrations.RunPython(install, remove)]
