"""Search on PostgreSQL asks its index for what a reader may see, not for what everybody made.

Beside the traffic: the site searches by the old index until the new one is there. In steps of its own, so that an
attempt that broke off goes on where it was.
"""

from django.db import migrations

from artifacts.search import postgres

AT_ONCE = 5000  # ids of entries


def _run(connection, statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def install(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    _run(connection, postgres.INSTALL_READERS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT MIN(id), MAX(id) FROM artifacts_searchentry")
        first, last = cursor.fetchone()
        for start in range(first or 0, (last or -1) + 1, AT_ONCE):
            cursor.execute(postgres.FILL_READERS, [start, start + AT_ONCE - 1])
        cursor.execute(postgres.HALF_INDEXED)
        if cursor.fetchone() is not None:
            cursor.execute(postgres.DROP_HALF)
    _run(connection, postgres.INDEX_READERS)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        _run(schema_editor.connection, postgres.REMOVE_READERS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("artifacts", "0006_covering_indexes")]

    operations = [migrations.RunPython(install, remove)]
