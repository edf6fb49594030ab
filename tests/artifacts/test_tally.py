"""The tally says at every moment what counting says at that moment, for everybody, whoever changes what meanwhile."""

import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from artifacts import services, tally
from artifacts.filters import Wanted
from artifacts.listing import Listing, count_of, counts_of_types
from artifacts.models import Artifact, Deletion, GalleryType, Kind, Tally
from artifactsite.backup import rows as backup_rows
from artifactsite.backup.rows import snapshot
from benchmarks.plans import recorded
from projects.models import Membership, Role
from projects.services import remove_member
from tests.cast import Cast
from tests.parallel import at_once
from tests.parallel import shared_database as shared_database

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.engines,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the tally is PostgreSQL's"),
]


def wrong(cast: Cast) -> list[Any]:
    """Where the tally says anything but what counting says, of one moment: of each reader, scope and filter."""
    found = []
    with nullcontext() if connection.in_atomic_block else snapshot():
        for name, scope in product(("alice", "bob", "carol", "dora"), ("mine", "shared", "saved", "all")):
            reader = getattr(cast, name)
            visible = Artifact.objects.visible_to(reader).in_scope(scope, reader)
            rows = list(visible.values_list("gallery_type", "kind", "project_id"))
            for kind, project in product(("", "table"), (None, cast.project.pk)):
                wanted = Wanted(scope=scope, kind=kind, project=project)
                its = [row[0] for row in rows if row[1] == (kind or row[1]) and row[2] == (project or row[2])]
                expected = Counter(its)
                if tally.by_type(reader.pk, wanted) != expected:
                    found.append((name, wanted, expected))
                code = tally.by_type(reader.pk, replace(wanted, type="code"))
                if sum(code.values()) != expected["code"]:
                    found.append((name, wanted, code))
    return found


class Chance:
    """One who changes artifacts at random, a transaction at a time; some are taken back."""

    def __init__(self, cast: Cast, number: int) -> None:
        self.cast, self.random = cast, random.Random(number)

    def facts(self) -> dict[str, Any]:
        """What a list depends on. What is shared is saved, says a constraint."""
        saved, shared = self.random.choice([(False, False), (True, False), (True, True), (True, True)])
        return {
            "owner": self.random.choice([self.cast.alice, self.cast.bob, self.cast.carol]),
            "project": self.random.choice([self.cast.project, self.cast.elsewhere]),
            "gallery_type": self.random.choice(GalleryType.values),
            "kind": self.random.choice([Kind.TABLE, Kind.FILE]),
            "saved_at": timezone.now() if saved else None,
            "visibility": "project" if shared else "private",
        }

    def act(self) -> None:
        if self.random.random() < 0.15:
            tally.compact()
            return
        with transaction.atomic():
            self.change()
            if self.random.random() < 0.3:
                transaction.set_rollback(True)

    def change(self) -> None:
        chosen = self.random.choice(["make", "make", "change", "delete", "undo", "remove", "member"])
        if chosen == "make":
            several = [
                Artifact(name="n", output_name="n", **self.facts()) for _ in range(self.random.randint(1, 5))
            ]
            Artifact.objects.bulk_create(several)
            return
        if chosen == "member":
            those = Membership.objects.filter(user=self.cast.bob, project=self.cast.elsewhere)
            if not those.delete()[0]:
                Membership.objects.bulk_create(
                    [Membership(user=self.cast.bob, project=self.cast.elsewhere, role=Role.COLLABORATOR)],
                    ignore_conflicts=True,
                )
            return
        # Locked in one order, so that nobody waits for one who waits.
        several = Artifact.with_deleted.order_by("pk").select_for_update(skip_locked=True)
        ids = [row.pk for row in several[:40] if self.random.random() < 0.2]
        rows = Artifact.with_deleted.filter(pk__in=ids)
        if chosen == "change":
            rows.update(**self.facts())
        elif chosen == "delete":
            rows.update(deletion=Deletion.objects.create(by=self.cast.alice))
        elif chosen == "undo":
            rows.update(deletion=None)
        else:
            rows._raw_delete(rows.db)


def test_it_says_what_counting_says_whatever_many_do_at_once(shared_database: None, cast: Cast) -> None:
    Artifact.objects.bulk_create(
        Artifact(name="n", output_name="n", **Chance(cast, number).facts()) for number in range(40)
    )

    def work(number: int) -> list[Any]:
        if number == 0:
            return [one for _ in range(4) for one in wrong(cast)]
        chance = Chance(cast, number)
        for _ in range(40):
            chance.act()
        return []

    assert at_once(5, work) == [[]] * 5
    assert Artifact.with_deleted.exists()
    assert wrong(cast) == []
    tally.compact()
    assert wrong(cast) == []
    assert not Tally.objects.filter(is_compact=False).exists()
    assert tally.correct() == 0


def test_a_list_asks_it_instead_of_counting_and_is_right_at_once(cast: Cast) -> None:
    made = [cast.artifact("t", "table", [{"a": 1}]), cast.artifact("one"), cast.artifact("two")]
    api = cast.api("alice")

    def count(query: str, **more: Any) -> int | None:
        with recorded() as statements:
            counted: int | None = api.get(f"/api/artifacts?size=1&{query}", more).json()["count"]
        assert not any("COUNT(*)" in sql for sql, *_ in statements)
        return counted

    mine = Listing(cast.alice.pk, Wanted())
    assert (count(""), count("kind=table"), count("scope=shared"), count("scope=saved")) == (3, 1, 0, 0)
    assert counts_of_types(mine) == {"images": 0, "html": 0, "code": 0, "files": 3}
    for artifact in made[:2]:
        services.save_artifact(by=cast.alice, artifact=artifact, visibility="project")
    assert (count("scope=saved"), count("scope=all&kind=table"), count("scope=all")) == (2, 1, 3)
    assert count_of(Listing(cast.bob.pk, Wanted(scope="shared", type="files"))) == 2
    deletion, _ = services.delete_artifacts(by=cast.alice, chosen=[artifact.pk for artifact in made[:2]])
    assert (count(""), count("scope=saved"), count_of(Listing(cast.bob.pk, Wanted(scope="all")))) == (1, 0, 0)
    services.undo_deletion(by=cast.alice, deletion=deletion.pk)
    assert (count(""), count_of(Listing(cast.bob.pk, Wanted(scope="all")))) == (3, 2)
    remove_member(by=cast.adam, project=cast.project, user_id=cast.bob.pk)
    assert count_of(Listing(cast.bob.pk, Wanted(scope="all"))) == 0


def test_where_it_knows_that_nothing_is_there_nothing_is_looked_for(cast: Cast) -> None:
    cast.artifact("one")
    for query in ("kind=table", "type=images", f"project={cast.elsewhere.pk}"):
        with recorded() as statements:
            answer = cast.api("alice").get(f"/api/artifacts?{query}").json()
        assert (answer["count"], answer["results"]) == (0, [])
        assert not any("artifacts_version" in sql for sql, *_ in statements), query


def test_what_got_past_the_triggers_is_put_right(cast: Cast) -> None:
    cast.artifact("one", saved="project")
    cast.artifact("two")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Artifact.objects.filter(name="one").update(visibility="private")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert wrong(cast) != []
    assert tally.correct() == 3  # shared no more: the project's and the owner's; and one more that is private
    assert wrong(cast) == []
    assert tally.correct() == 0


def test_emptied_and_filled_again_as_a_restore_does_it_begins_anew(shared_database: None, cast: Cast) -> None:
    cast.artifact("one", saved="project")
    parts = [part for part, _ in backup_rows.parts_of(Artifact)]
    assert Tally not in backup_rows.in_order(apps)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE artifacts_artifact CASCADE")
    assert not Tally.objects.exists()
    with connection.constraint_checks_disabled(), transaction.atomic():
        for part in parts:
            backup_rows.load(Artifact, part)
        assert tally.by_type(cast.bob.pk, Wanted(scope="all")) == {"file": 1}
        transaction.set_rollback(True)


def test_the_migration_goes_both_ways_beside_rows_that_are_there(shared_database: None, cast: Cast) -> None:
    cast.artifact("one", saved="project")
    call_command("migrate", "artifacts", "0013", verbosity=0)
    cast.artifact("two", saved="project")
    call_command("migrate", "artifacts", verbosity=0)
    assert tally.by_type(cast.bob.pk, Wanted(scope="all")) == {"file": 2}
    assert tally.correct() == 0
