"""The code of one release runs on the database of the next: docs/operations.md, "Without going away"."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

# The last migration of each app in the last release: written anew with every release (docs/operations.md).
RELEASED = {
    "accounts": "0001_initial",
    "artifacts": "0011_grid_summary",
    "conversations": "0001_initial",
    "jobs": "0002_priorities_workers_figures",
    "mentions": "0004_index_by_reader",
    "playground": "0002_steps_and_working_folders",
    "projects": "0004_audit_entry",
    "uploads": "0002_fencing_and_quarantine",
}
# (app, migration, what is found) and why the code before it goes on working all the same.
ALLOWED: dict[tuple[str, str, str], str] = {}

REMOVALS = (
    operations.RemoveField, operations.DeleteModel, operations.RenameField, operations.RenameModel,
    operations.AlterModelTable,
)  # fmt: skip


def needs_value(field: models.Field) -> bool:
    """Whether a row of code that does not know the column is refused."""
    return not field.many_to_many and not field.null and not field.has_db_default()


def breaks(operation: Any, state: ProjectState, app: str, new: set[str]) -> str:
    """Why the code of the last release can't go on after this step; "" where it can.

    `state` is from before the step; `new` are the app's models that the last release does not know.
    """
    model = getattr(operation, "model_name_lower", None) or getattr(operation, "name_lower", "")
    kind = type(operation).__name__
    if model in new:
        return ""
    what = f"{kind} {model}.{getattr(operation, 'name', '')}"
    if isinstance(operation, REMOVALS):
        return what
    if isinstance(operation, operations.AddField) and needs_value(operation.field):
        return what
    if isinstance(operation, operations.AddConstraint):
        return f"{kind} {model}.{operation.constraint.name}"  # it may refuse what the old code writes
    if isinstance(operation, operations.AlterField):
        after = state.clone()
        operation.state_forwards(app, after)
        was, is_now = (
            one.apps.get_model(app, model)._meta.get_field(operation.name) for one in (state, after)
        )
        narrower = (needs_value(is_now) and not needs_value(was)) or (is_now.unique and not was.unique)
        other_type = is_now.db_type(connection) != was.db_type(connection)
        return what if narrower or other_type else ""
    return ""


def flattened(listed: list[Any]) -> Iterator[Any]:
    """Steps that touch the database; what is done there and in the models' state apart is both looked at."""
    for operation in listed:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from flattened(operation.database_operations)
        else:
            yield operation


def found(migration: Migration, state: ProjectState, new: set[str]) -> list[str]:
    """What one migration breaks. Brings `state` and `new` up to date."""
    broken = []
    for operation in migration.operations:
        for step in flattened([operation]):
            if isinstance(step, operations.CreateModel):
                new.add(step.name_lower)
            broken.append(breaks(step, state, migration.app_label, new))
        operation.state_forwards(migration.app_label, state)
    return [what for what in broken if what]


def test_no_migration_since_the_last_release_breaks_the_code_before_it() -> None:
    loader = MigrationLoader(None)
    assert {folder.parent.name for folder in settings.BASE_DIR.glob("*/migrations")} == set(RELEASED)
    nodes = list(RELEASED.items())
    plan = loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True)
    before = {key for node in nodes for key in loader.graph.forwards_plan(node)}
    state = loader.project_state(nodes=nodes, at_end=True)
    new: dict[str, set[str]] = {app: set() for app in RELEASED}
    broken = set()
    for key in plan:
        if key in before:
            continue
        if key[0] not in RELEASED:
            loader.graph.nodes[key].mutate_state(state, preserve=False)
            continue
        migration = loader.graph.nodes[key]
        broken |= {(*key, what) for what in found(migration, state, new[key[0]])}
    assert broken == set(ALLOWED), "add first, remove a release later; or say in ALLOWED why this one is safe"
    assert all(ALLOWED.values())


@pytest.mark.parametrize(
    ("operation", "broken"),
    [
        (operations.RemoveField("job", "error"), "RemoveField job.error"),
        (operations.DeleteModel("Figure"), "DeleteModel figure.Figure"),
        (operations.RenameField("job", "error", "fault"), "RenameField job."),
        (operations.RenameModel("Job", "Work"), "RenameModel "),
        (operations.AddField("job", "a", models.IntegerField(default=1)), "AddField job.a"),
        (operations.AddField("job", "a", models.IntegerField(db_default=1)), ""),
        (operations.AddField("job", "a", models.IntegerField(null=True)), ""),
        (operations.AlterField("job", "started_at", models.DateTimeField()), "AlterField job.started_at"),
        (operations.AlterField("job", "task", models.CharField(max_length=9)), "AlterField job.task"),
        (operations.AlterField("job", "task", models.CharField(max_length=100, help_text="Its name.")), ""),
        (operations.AddIndex("job", models.Index("task", name="by_task")), ""),
        (
            operations.SeparateDatabaseAndState([operations.RemoveField("job", "error")], []),
            "RemoveField job.error",
        ),
    ],
)
def test_what_the_rule_calls_broken(operation: Any, broken: str) -> None:
    state = MigrationLoader(None).project_state(nodes=[("jobs", RELEASED["jobs"])], at_end=True)
    migration = Migration("9999_next", "jobs")
    migration.operations = [operation]
    (what,) = found(migration, state, set()) or [""]
    assert what.startswith(broken) if broken else not what
