"""A large library: artifacts, versions, search entries and names as teams have them, written straight into the tables.

`rows` artifacts are saved, and one in ten more are chat artifacts. 200 projects and 400 people, a few of them with
most of it. The reader is a member of a dozen projects and sees at most VISIBLE saved artifacts: four in ten their own,
the others shared by colleagues. Of all others nothing is theirs to see.
"""

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.services import create_token
from artifacts import tally
from artifacts.models import name_terms
from artifacts.search import beginnings
from artifactsite.lib.full_text import merge_indexes
from projects.models import Membership, Project, Role

READER = "reader"
PEOPLE, PROJECTS, READERS_PROJECTS = 400, 200, 12
VISIBLE = 100_000
DISTINCT_NAMES = 100_000
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TABLES = {
    "conversations_conversation": "id, title, started_from, created_at, updated_at, owner_id, project_id",
    "artifacts_artifact": (
        "id, name, output_name, kind, gallery_type, saved_at, description, visibility, latest_number, created_at,"
        " updated_at, conversation_id, owner_id, project_id, current_id, name_terms"
    ),
    "artifacts_version": (
        "id, number, file, media_type, size, sha256, preview, table_index, tool, created_at, artifact_id, message_id,"
        " published"
    ),
    "artifacts_searchentry": "artifact_id, name, description, body, text, readers",  # the last by triggers
}
_TYPES = [
    ("file", "image", "image/png", ".png", {"width": 1200, "height": 800}),
    ("visualization", "html", "text/html", ".html", {}),
    ("file", "code", "text/x-python", ".py", {"excerpt": "import pandas\n\nframe = pandas.read_csv('in.csv')"}),
    ("text", "file", "text/plain", ".txt", {"excerpt": "Findings of the quarter, in order of weight."}),
    ("file", "file", "application/pdf", ".pdf", {}),
]  # fmt: skip
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Library:
    """Who reads, and what to ask for."""

    token: str
    project: str  # the reader's largest
    names: list[str]  # some that the reader sees
    artifacts: int


def fill(rows: int) -> Library:
    """Fills an empty, migrated database."""
    chance = random.Random(rows)
    users = User.objects.bulk_create(
        [User(username=READER, email="r@example.org")]
        + [User(username=f"person{n}", email=f"p{n}@example.org") for n in range(PEOPLE)]
    )
    projects = Project.objects.bulk_create(
        Project(name=f"Project {n}", slug=f"project-{n}") for n in range(PROJECTS)
    )
    members = {(0, project) for project in range(READERS_PROJECTS)}
    members |= {(person, _skewed(chance, PROJECTS)) for person in range(1, PEOPLE + 1) for _ in range(6)}
    Membership.objects.bulk_create(
        Membership(user=users[person], project=projects[project], role=Role.COLLABORATOR)
        for person, project in sorted(members)
    )
    made = _Making(chance, rows, [user.pk for user in users], [project.pk for project in projects])
    with _bulk():
        for tables in made.batches():
            for table, batch in tables.items():
                _write(table, batch)
    # Past whose triggers the rows were written.
    tally.correct()
    beginnings.fill()
    _, token = create_token(by=users[0], name="benchmark")
    return Library(token, str(projects[0].pk), made.seen, made.count)


def _skewed(chance: random.Random, most: int) -> int:
    """A number below `most`, small ones far more often."""
    return int(most * chance.random() ** 3)


class _Making:
    """The rows, a batch at a time."""

    def __init__(self, chance: random.Random, rows: int, users: list[int], projects: list[uuid.UUID]) -> None:
        self.chance, self.rows, self.count = chance, rows, rows + rows // 10
        self.users, self.projects = users, [project.hex for project in projects]
        self.names = list(_names(chance, min(rows, DISTINCT_NAMES)))
        self.name_terms = [name_terms(name) for name in self.names]
        self.paragraphs = list(_paragraphs(chance, 5000))
        self.seen: list[str] = []
        self.threads: dict[tuple[int, int], tuple[str, int]] = {}

    def batches(self, size: int = 20_000) -> Iterator[dict[str, list[Row]]]:
        for start in range(0, self.count, size):
            tables: dict[str, list[Row]] = {table: [] for table in TABLES}
            for number in range(start, min(self.count, start + size)):
                self._artifact(tables, number)
            yield tables

    def _who(self) -> tuple[int, int, bool]:
        """Owner, project and whether the reader sees it."""
        chance = self.chance
        if self.rows <= VISIBLE or chance.random() < VISIBLE / self.rows:
            owner = 0 if chance.random() < 0.4 else 1 + _skewed(chance, PEOPLE)
            return owner, _skewed(chance, READERS_PROJECTS), True
        # Others' own things in the reader's projects, and all that is elsewhere.
        project = _skewed(chance, PROJECTS)
        return 1 + _skewed(chance, PEOPLE), project, False

    def _artifact(self, tables: dict[str, list[Row]], number: int) -> None:
        chance = self.chance
        owner, project, seen = self._who()
        saved = number % 11 != 10
        here = project < READERS_PROJECTS
        shared = saved and ((seen and owner != 0) or (owner == 0 and number % 3 == 0) or not here)
        at = NOW - timedelta(seconds=40 * (self.count - number))
        thread = self._thread(tables, owner, project, at)
        kind, gallery_type, media_type, extension, preview = _TYPES[chance.randrange(len(_TYPES))]
        which = number % len(self.names) if number < len(self.names) else chance.randrange(len(self.names))
        name = self.names[which]
        if seen and len(self.seen) < 5000:
            self.seen.append(name)
        pk, version = _uuid(chance), _uuid(chance)
        tables["artifacts_artifact"].append(
            (
                pk, name, f"out{number}{extension}", kind, gallery_type, at if saved else None, "",
                "project" if shared else "private", 1, at, at, thread, self.users[owner], self.projects[project],
                version, self.name_terms[which] if saved else "",
            )
        )  # fmt: skip
        tables["artifacts_version"].append(
            (
                version, 1, f"bench/{number}{extension}", media_type, 500 + chance.randrange(90_000),
                f"{number:064x}", json.dumps(preview), None, "python_exec", at, pk, None,
                True,
            )
        )  # fmt: skip
        text = self._text(number)
        readers = (
            f"~{self.users[owner]} ~{uuid.UUID(self.projects[project])}"
            if shared
            else f"~{self.users[owner]}"
        )
        tables["artifacts_searchentry"].append((pk, name.lower(), "", text, text, readers))

    def _thread(self, tables: dict[str, list[Row]], owner: int, project: int, at: datetime) -> str:
        """A conversation for every twenty or so of one person's artifacts in a project."""
        pk, left = self.threads.get((owner, project), ("", 0))
        if not left:
            pk, left = _uuid(self.chance), self.chance.randrange(5, 40)
            title = f"About {self.chance.choice(self.names)}"
            tables["conversations_conversation"].append(
                (pk, title, None, at, at, self.users[owner], self.projects[project])
            )
        self.threads[owner, project] = pk, left - 1
        return pk

    def _text(self, number: int) -> str:
        """Words by how often they come: everywhere, annual (a third), hundredth, seldom (twenty)."""
        parts = ["everywhere", self.chance.choice(self.paragraphs)]
        if number % 3 == 0:
            parts.append("annual report")
        if number % 100 == 0:
            parts.append("hundredth")
            if number % 200 == 0:
                # Long documents, which the database keeps outside the row.
                parts += self.chance.choices(self.paragraphs, k=40)
        if number % (self.rows // 20) == 0:
            parts.append("seldom")
        return " ".join(parts)


def _uuid(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _names(chance: random.Random, count: int) -> Iterator[str]:
    """Two to four words, some far commoner than others, and often a number."""
    from tests.mentions.names import NAMES

    words = sorted({word for name in NAMES for word in name.split()})
    for _ in range(count):
        few = [words[_skewed(chance, len(words))] for _ in range(chance.randint(2, 4))]
        yield " ".join([*few, str(chance.randint(1, 4000))] if chance.random() < 0.6 else few)


def _paragraphs(chance: random.Random, count: int) -> Iterator[str]:
    """Forty words of a vocabulary of 30,000, by Zipf's law more or less."""
    for _ in range(count):
        yield " ".join(f"w{int(30_000 ** chance.random())}" for _ in range(40))


# --- into the database ------------------------------------------------------------------------------


def _write(table: str, rows: Iterable[Row]) -> None:
    columns = TABLES[table]
    if connection.vendor != "postgresql" and columns.endswith(", readers"):
        columns, rows = columns.removesuffix(", readers"), (row[:-1] for row in rows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
        return
    places = ", ".join(["?"] * (columns.count(",") + 1))
    plain = (tuple(_plain(value) for value in row) for row in rows)
    with connection.cursor() as cursor:
        cursor.connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", plain)


def _plain(value: Any) -> Any:
    """As Django writes it to SQLite."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


@contextmanager
def _bulk() -> Iterator[None]:
    """Indexes are made afterwards, and nothing is checked: the rows are right."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("BEGIN")
            yield
            cursor.execute("COMMIT")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute("ANALYZE")
            merge_indexes()  # as the site does every six hours
            return
        tables = list(TABLES)
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY(%s::regclass[])"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
            [tables],
        )
        indexes = cursor.fetchall()
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET maintenance_work_mem")
        # Inside a test's transaction there is nothing to clean up.
        cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
