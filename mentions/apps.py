from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class MentionsConfig(AppConfig):
    name = "mentions"

    def ready(self) -> None:
        post_migrate.connect(_keep_index, sender=self)


def _keep_index(using: str, **_: Any) -> None:
    """After any migration: on SQLite one that rebuilt the table of artifacts has dropped the index's triggers."""
    from mentions.index import sqlite

    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'mentions_%%'")
        present = {name for (name,) in cursor.fetchall()}
        if "mentions_terms" in present and not present >= set(sqlite.TRIGGERS):
            for statement in sqlite.REPAIR:
                cursor.execute(statement)
