"""SQLite: the letters of names beside their numbers in the index, by which abbreviations are found."""

from django.db import migrations

from mentions.index import sqlite


def add_letters(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        columns = {
            column.name
            for column in connection.introspection.get_table_description(cursor, "mentions_indexed")
        }
    # A new site's table was made with them.
    if "letters" not in columns:
        for statement in sqlite.ADD_LETTERS:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("mentions", "0004_index_by_reader")]

    operations = [migrations.RunPython(add_letters, migrations.RunPython.noop)]
