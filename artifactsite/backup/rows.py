"""Rows as lines of JSON, out of any database and into any other."""

import base64
import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps.registry import Apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import ForeignKey, Model, sql

PART = 4 * 1024 * 1024  # bytes of a part, and what is held in memory at once
# What tells of processes and visits, not of people's things: sign-in sessions end with a restore.
LEFT_OUT = {"jobs.worker", "sessions.session"}
# Tables in which a site that nobody has used yet has rows of its own.
_OWN_TABLES = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "django_session",
    "jobs_worker",
    "jobs_figure",
}

Migration = tuple[str, str]


@contextmanager
def snapshot() -> Iterator[None]:
    """Within it all rows are those of one moment, whatever is written meanwhile. Nobody waits for it."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Not Django's own transaction, which would keep every writer out (transaction_mode in the settings).
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        else:
            with transaction.atomic():
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield


# --- the schema ---------------------------------------------------------------------------------------


def applied_migrations() -> list[Migration]:
    """The database's steps. ValueError where they are not this code's: rows could not be told rightly then."""
    loader = MigrationExecutor(connection).loader
    applied, known, ours = (
        set(loader.applied_migrations),
        set(loader.graph.nodes),
        set(loader.disk_migrations),
    )
    missing = sorted(f"{app}.{name}" for app, name in known - applied)
    if missing:
        raise ValueError(
            f"the database is behind this code: run manage.py migrate first ({', '.join(missing)})"
        )
    newer = sorted(f"{app}.{name}" for app, name in applied - ours if app in loader.migrated_apps)
    if newer:
        raise ValueError(
            f"the database belongs to a newer release, which has to do this ({', '.join(newer)})"
        )
    return sorted(known)


def models_at(migrations: list[Migration]) -> tuple[list[Migration], Apps]:
    """The last steps among `migrations`, and the models as they were then."""
    loader = MigrationExecutor(connection).loader
    wanted = set(migrations)
    unknown = sorted(f"{app}.{name}" for app, name in wanted - set(loader.graph.nodes))
    if unknown:
        raise ValueError(f"it was made by a newer release: install that first ({', '.join(unknown)})")
    last = [
        node
        for node in sorted(wanted)
        if not any(
            child.key in wanted and child.key[0] == node[0] for child in loader.graph.node_map[node].children
        )
    ]
    return last, loader.project_state(last).apps


def bring_to(last: list[Migration]) -> None:
    """Takes an empty database forward to these steps. ValueError where it is beyond them already."""
    executor = MigrationExecutor(connection)
    if any(backwards for _, backwards in executor.migration_plan(last)):
        raise ValueError("it was made by an older release than this database: give it a new, empty one")
    executor.migrate(last)


# --- out ----------------------------------------------------------------------------------------------


def in_order(registry: Any) -> list[type[Model]]:
    """Every model with rows to keep; each after those that its rows can't be without."""
    waiting = [
        model
        for model in registry.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]
    ordered: list[type[Model]] = []
    while waiting:
        ready = [model for model in waiting if not _needs(model) & ({*waiting} - {model})] or waiting[:1]
        ordered += ready
        waiting = [model for model in waiting if model not in ready]
    return ordered


def _needs(model: type[Model]) -> set[Any]:
    return {
        field.related_model
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and not field.null
    }


def parts_of(model: type[Model]) -> Iterator[tuple[bytes, list[dict[str, Any]]]]:
    """The rows of a table in parts: each as lines of JSON, and as they are."""
    columns = [field.attname for field in model._meta.concrete_fields]
    head = json.dumps(columns).encode()
    lines, rows, size = [head], [], 0
    for values in model._base_manager.order_by("pk").values_list(*columns).iterator(2000):
        line = json.dumps(values, default=_plain).encode()
        lines.append(line)
        rows.append(dict(zip(columns, values, strict=True)))
        size += len(line)
        if size > PART:
            yield b"\n".join(lines), rows
            lines, rows, size = [head], [], 0
    if rows:
        yield b"\n".join(lines), rows


def _plain(value: object) -> str:
    """What JSON has no sign for, as the field's to_python reads it."""
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return str(value)  # UUIDs, decimals, durations


# --- in -----------------------------------------------------------------------------------------------


def tables_with_rows() -> list[str]:
    """Tables in which somebody has put something."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    with connection.cursor() as cursor:

        def has_rows(table: str) -> bool:
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608
            return cursor.fetchone() is not None

        return sorted(table for table in tables - _OWN_TABLES if has_rows(table))


def empty() -> None:
    """Takes the rows out of every table but that of the migrations."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = sorted({*tables} - {"django_migrations"})
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, reset_sequences=True))


def load(model: type[Model], part: bytes) -> list[dict[str, Any]]:
    """Writes a part that `parts_of` made, as it is: no field fills itself in. Returns its rows."""
    head, *lines = part.split(b"\n")
    by_column = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_column[column] for column in json.loads(head)]
    rows = []
    for line in lines:
        values = zip(fields, json.loads(line), strict=True)
        rows.append({field.attname: field.to_python(value) for field, value in values})
    objects = [model(**row) for row in rows]
    step = connection.ops.bulk_batch_size(fields, objects)
    for start in range(0, len(objects), step):
        query = sql.InsertQuery(model)
        query.insert_values(fields, objects[start : start + step], raw=True)
        query.get_compiler(connection=connection).execute_sql()
    return rows


def settle(models: list[type[Model]]) -> None:
    """After the last part: references are checked, and new rows get numbers behind the restored ones."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
