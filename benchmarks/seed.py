"""A team with a library: its artifacts are made by the database itself, so that a million take a minute."""

from pathlib import Path

from django.db import connection

from accounts.models import User
from accounts.services import create_token
from projects.models import Membership, Project, Role

VIEWER = "viewer"
COLLEAGUES, PROJECTS, VIEWERS_PROJECTS = 9, 4, 2
_SQL = (Path(__file__).parent / "seed.sql").read_text()


def seed(rows: int) -> str:
    """Fills an empty, migrated PostgreSQL; returns a token of the viewer's."""
    people = [
        User.objects.create_user(name, f"{name}@example.org")
        for name in (VIEWER, *(f"colleague{number}" for number in range(1, COLLEAGUES + 1)))
    ]
    projects = [Project.objects.create(name=f"Project {n}", slug=f"project-{n}") for n in range(PROJECTS)]
    Membership.objects.bulk_create(
        Membership(project=project, user=person, role=Role.COLLABORATOR)
        for person in people
        for project in (projects[:VIEWERS_PROJECTS] if person.username == VIEWER else projects)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bench.rows', %s, false)", [str(rows)])
        for statement in _SQL.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")
    _, secret = create_token(by=people[0], name="benchmark")
    return secret
