"""The table of search entries, each database's own index over it, and the entries of what exists already.

On SQLite a later migration that rebuilds the table `artifacts_searchentry` drops its triggers: run
`search/sqlite.py: INSTALL` again in it.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from artifacts.search.words import spaced

BATCH = 500


def _statements(schema_editor, which):
    vendor = schema_editor.connection.vendor
    module = import_module(f"artifacts.search.{'postgres' if vendor == 'postgresql' else vendor}")
    for statement in getattr(module, which):
        schema_editor.execute(statement)


def install(apps, schema_editor):
    _statements(schema_editor, "INSTALL")


def remove(apps, schema_editor):
    _statements(schema_editor, "REMOVE")


def enter_names(apps, schema_editor):
    """Names and first lines of what was made before; `manage.py reindex_artifacts` reads the whole contents."""
    entry = apps.get_model("artifacts", "SearchEntry")
    artifacts = apps.get_model("artifacts", "Artifact").objects.filter(current__isnull=False)
    entries = []
    for artifact in artifacts.select_related("current").defer("current__table_index").iterator(BATCH):
        text = artifact.current.preview.get("excerpt", "")
        entries.append(
            entry(
                artifact=artifact,
                name=spaced(artifact.name),
                description=spaced(artifact.description),
                body=spaced(text),
                text=text,
            )
        )
        if len(entries) == BATCH:
            entry.objects.bulk_create(entries)
            entries = []
    entry.objects.bulk_create(entries)


class Migration(migrations.Migration):
    dependencies = [("artifacts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.TextField()),
                ("description", models.TextField(blank=True)),
                ("body", models.TextField(blank=True)),
                (
                    "text",
                    models.TextField(
                        blank=True, help_text="The beginning of the content as it reads; for excerpts."
                    ),
                ),
                (
                    "artifact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="search_entry",
                        to="artifacts.artifact",
                    ),
                ),
            ],
            options={"verbose_name_plural": "search entries"},
        ),
        migrations.RunPython(install, remove),
        migrations.RunPython(enter_names, migrations.RunPython.noop),
    ]
