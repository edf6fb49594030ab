"""PostgreSQL keeps the beginning of each artifact's words beside others of the same reader (search/beginnings.py).

Beside the traffic: the triggers come first, for which writers wait a moment; then what is there already is added some
entries at a time. Searches ask the entry where there is no beginning, so an attempt that broke off may begin anew.
"""

from django.db import migrations, models, transaction

from artifacts.search import beginnings


def _run(connection, statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def install(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        _run(connection, beginnings.INSTALL)
        beginnings.fill()
        with connection.cursor() as cursor:
            # Filled in the order of time, its pages are half empty.
            cursor.execute("REINDEX INDEX CONCURRENTLY artifacts_beginning_pkey")
            cursor.execute("ANALYZE artifacts_beginning")


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _run(schema_editor.connection, beginnings.REMOVE)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0014_tally")]

    operations = [
        migrations.CreateModel(
            name="Beginning",
            fields=[
                ("reader", models.UUIDField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("is_whole", models.BooleanField(help_text="There are no other words.")),
            ],
            options={"db_table": "artifacts_beginning", "managed": False},
        ),
        migrations.RunPython(install, remove),
    ]
