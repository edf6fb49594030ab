"""PostgreSQL keeps how many artifacts there are of each sort (artifacts/tally.py).

Beside the traffic: the triggers come first, for which writers wait a moment; then what the rows come to is added in one
statement, while they write on. An attempt that broke off may begin anew.
"""

from django.db import migrations, models, transaction

from artifacts import tally


def install(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with transaction.atomic(), schema_editor.connection.cursor() as cursor:
        for statement in tally.INSTALL:
            cursor.execute(statement)
    tally.correct()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ANALYZE artifacts_tally")


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with transaction.atomic(), schema_editor.connection.cursor() as cursor:
            for statement in tally.REMOVE:
                cursor.execute(statement)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0013_search_entry_by_hash")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "owner_id",
                    models.BigIntegerField(help_text="A person's key, or 0: of everybody's, what is shared."),
                ),
                (
                    "gallery_type",
                    models.CharField(
                        choices=[("image", "Images"), ("html", "HTML"), ("code", "Code"), ("file", "Files")],
                        max_length=5,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("table", "Table"),
                            ("visualization", "Visualization"),
                            ("file", "File"),
                        ],
                        max_length=13,
                    ),
                ),
                ("is_saved", models.BooleanField()),
                ("is_shared", models.BooleanField()),
                ("amount", models.IntegerField()),
                ("is_compact", models.BooleanField(help_text="Made of several, or not yet.")),
            ],
            options={"db_table": "artifacts_tally", "managed": False},
        ),
        migrations.RunPython(install, remove),
    ]
