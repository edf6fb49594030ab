"""POST /api/conversations/{id}/programs, GET /api/turns/{id}, POST …/cancel: real programs in the real sandbox."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jobs.models import Job, JobState
from jobs.services import execute
from playground.models import Turn
from playground.tools.python_exec import limits_of
from projects.models import Membership, Project
from tests.cast import Cast
from tests.uploads.received import received, uploads_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.engines,
    pytest.mark.usefixtures("shared_database"),
]

DoJobs = Callable[[], int]
FIELDS = {
    "id", "conversation", "kind", "status", "code", "output", "error", "artifacts", "receipt", "created_at",
    "started_at", "finished_at",
}  # fmt: skip


def start(cast: Cast, code: str, by: str | None = "alice") -> Any:
    return cast.api(by).post(f"/api/conversations/{cast.conversation.pk}/programs", {"code": code})


def turn_of(cast: Cast, pk: str) -> dict[str, Any]:
    answer = cast.api("alice").get(f"/api/turns/{pk}")
    assert answer.status_code == 200
    return answer.json()


def run(cast: Cast, do_jobs: DoJobs, code: str) -> dict[str, Any]:
    answer = start(cast, code)
    assert answer.status_code == 202, answer.content
    do_jobs()
    return turn_of(cast, answer.json()["id"])


def test_a_program_is_queued_and_then_run(cast: Cast, do_jobs: DoJobs) -> None:
    answer = start(cast, "print('hello')")
    assert answer.status_code == 202
    queued = answer.json()
    assert set(queued) >= FIELDS
    assert (queued["status"], queued["kind"], queued["output"], queued["error"]) == (
        "queued",
        "program",
        "",
        None,
    )
    do_jobs()
    done = turn_of(cast, queued["id"])
    assert (done["status"], done["output"], done["error"], done["artifacts"]) == ("done", "hello", None, [])
    assert done["created_at"] <= done["started_at"] <= done["finished_at"]
    roles = [
        row["role"]
        for row in cast.api("alice")
        .get(f"/api/conversations/{cast.conversation.pk}/messages")
        .json()["results"]
    ]
    assert roles == ["tool", "user"]


def test_what_a_program_makes_becomes_artifacts(cast: Cast, do_jobs: DoJobs) -> None:
    done = run(
        cast,
        do_jobs,
        "artifact('Summary', 'All is well')\n"
        "artifact('People', [{'name': 'Ada', 'born': 1815}])\n"
        "artifact('Chart', {'html': '<b>c</b>', 'visualization_data': [1]})\n"
        "open('out.csv', 'w').write('a,b\\n1,2\\n')\n",
    )
    assert done["status"] == "done", done
    assert {(row["name"], row["kind"]) for row in done["artifacts"]} == {
        ("Summary", "text"),
        ("People", "table"),
        ("Chart", "visualization"),
        ("out.csv", "file"),
    }
    listed = cast.api("alice").get("/api/artifacts").json()
    assert {row["id"] for row in listed["results"]} == {row["id"] for row in done["artifacts"]}


def test_a_failing_program_says_how_and_keeps_what_it_printed(cast: Cast, do_jobs: DoJobs) -> None:
    done = run(cast, do_jobs, "print('before')\n1 / 0")
    assert done["status"] == "failed"
    assert "ZeroDivisionError" in done["error"]["detail"]
    assert done["error"]["code"]
    assert "before" in done["output"]


def test_the_seeds_own_script_finds_and_fetches_its_file(cast: Cast, do_jobs: DoJobs) -> None:
    received(cast, "sales.csv", b"region,total\nnorth,4\n")
    done = run(
        cast,
        do_jobs,
        "import urllib.request\n"
        'retrieved = memory.get_content("sessionMeta")\n'
        'download_url = retrieved["content"]["artifacts"][0]["downloadUrl"]\n'
        "print(urllib.request.urlopen(download_url).read().decode())\n",
    )
    assert (done["status"], done["output"]) == ("done", "region,total\nnorth,4"), done


def test_session_meta_inside_is_what_the_endpoint_says(cast: Cast, do_jobs: DoJobs) -> None:
    first = received(cast, "a.txt", b"x")
    received(cast, "b.txt", b"y")
    cast.api("alice").patch(f"{uploads_of(cast)}/{first.file_id}", {"isActive": False})
    outside = cast.api("alice").get(f"/api/conversations/{cast.conversation.pk}/memory/sessionMeta").json()
    done = run(cast, do_jobs, "artifact('meta', __import__('json').dumps(memory.get_content('sessionMeta')))")
    data = cast.api("alice").get(f"/api/artifacts/{done['artifacts'][0]['id']}/data")
    assert json.loads(b"".join(data.streaming_content)) == outside


def test_only_the_links_of_ones_own_conversation_can_be_fetched(cast: Cast, do_jobs: DoJobs) -> None:
    upload = received(cast, "a.txt", b"secret of the other conversation")
    link = cast.api("alice").get(f"{uploads_of(cast)}/{upload.file_id}").json()["downloadUrl"]
    other = cast.api("bob").post("/api/conversations", {"project": str(cast.project.pk)}).json()["id"]
    code = (
        "import urllib.request\n"
        f"for url in ({link!r}, {link[:-3]!r}, 'http://example.org/', 'file:///etc/passwd'):\n"
        "    try:\n        print(urllib.request.urlopen(url, timeout=5).read())\n"
        "    except Exception as error:\n        print('refused')\n"
    )
    turn = cast.api("bob").post(f"/api/conversations/{other}/programs", {"code": code}).json()["id"]
    do_jobs()
    output = cast.api("bob").get(f"/api/turns/{turn}").json()["output"]
    assert "secret" not in output
    assert output.split()[:3] == ["refused"] * 3


def test_active_files_lie_beside_the_program_and_inactive_ones_do_not(cast: Cast, do_jobs: DoJobs) -> None:
    off = received(cast, "off.txt", b"no")
    received(cast, "on.txt", b"yes")
    cast.api("alice").patch(f"{uploads_of(cast)}/{off.file_id}", {"isActive": False})
    done = run(cast, do_jobs, "import os; print(sorted(os.listdir('files')), open('files/on.txt').read())")
    assert done["output"] == "['on.txt'] yes"


def test_cancelling_before_it_began_ends_it_at_once(cast: Cast, do_jobs: DoJobs) -> None:
    pk = start(cast, "print('never')").json()["id"]
    answer = cast.api("alice").post(f"/api/turns/{pk}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    do_jobs()
    assert (turn_of(cast, pk)["status"], turn_of(cast, pk)["output"]) == ("cancelled", "")


def test_cancelling_a_running_program_stops_it(cast: Cast) -> None:
    pk = start(cast, "print('running', flush=True)\nwhile True: pass").json()["id"]
    job = Job.objects.get(state=JobState.QUEUED)

    def work() -> None:
        try:
            execute(job.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        until = time.monotonic() + 30
        while turn_of(cast, pk)["status"] == "queued":
            assert time.monotonic() < until
        assert cast.api("alice").post(f"/api/turns/{pk}/cancel").status_code == 200
        running.result(30)
    done = turn_of(cast, pk)
    assert done["status"] == "cancelled"
    assert cast.api("alice").post(f"/api/turns/{pk}/cancel").json()["status"] == "cancelled"


def test_a_turn_that_has_ended_stays_as_it_is(cast: Cast, do_jobs: DoJobs) -> None:
    done = run(cast, do_jobs, "print(1)")
    assert cast.api("alice").post(f"/api/turns/{done['id']}/cancel").json()["status"] == "done"


@pytest.mark.parametrize("missing", ["engine", "environment"])
def test_without_a_sandbox_nothing_is_run_and_that_is_said(
    cast: Cast, do_jobs: DoJobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    name, value = ("PATH", str(tmp_path)) if missing == "engine" else ("SANDBOX_VENV", str(tmp_path / "none"))
    monkeypatch.setenv(name, value)
    proof = tmp_path / "ran"
    done = run(cast, do_jobs, f"open({str(proof)!r}, 'w')")
    assert (done["status"], done["error"]["code"]) == ("failed", "sandbox_unavailable")
    assert done["artifacts"] == []
    assert not proof.exists()


def test_a_turn_of_somebody_who_was_deactivated_or_removed_does_not_run(cast: Cast, do_jobs: DoJobs) -> None:
    pk = start(cast, "artifact('a', 'x')").json()["id"]
    Membership.objects.filter(user=cast.alice).delete()
    do_jobs()
    turn = Turn.objects.get(pk=pk)
    assert (turn.status, turn.error_code) == ("cancelled", "forbidden")
    assert turn.output == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": " \n"},
        {"code": None},
        {"code": []},
        {"code": "a\0b"},
        {"code": "x" * 200_001},
        [],
        "x",
    ],
)
def test_bad_programs_are_refused(cast: Cast, body: object) -> None:
    answer = cast.api("alice").post(f"/api/conversations/{cast.conversation.pk}/programs", body)
    assert answer.status_code == 400, answer.content
    assert {"code", "detail"} <= set(answer.json())
    assert not Turn.objects.exists()
    assert not Job.objects.exists()


def test_nobody_else_runs_reads_or_cancels(cast: Cast) -> None:
    pk = start(cast, "print(1)").json()["id"]
    for person, status in (("bob", 404), ("adam", 404), ("carol", 404), (None, 401)):
        assert start(cast, "print(2)", by=person).status_code == status
        assert cast.api(person).get(f"/api/turns/{pk}").status_code == status
        assert cast.api(person).post(f"/api/turns/{pk}/cancel").status_code == status
    assert Turn.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("limits", "code", "ended"),
    [
        ({"program_wall_seconds": 1}, "import time\ntime.sleep(30)", "timed_out"),
        ({"program_cpu_seconds": 1}, "while True: pass", "cpu_limit"),
        ({"program_memory_mb": 300}, "x = bytearray(400_000_000)", "out_of_memory"),
    ],
)
def test_a_projects_own_limits_hold(
    cast: Cast, do_jobs: DoJobs, limits: dict[str, int], code: str, ended: str
) -> None:
    Project.objects.filter(pk=cast.project.pk).update(**limits)
    turn = run(cast, do_jobs, code)
    assert (turn["status"], turn["error"]["code"]) == ("failed", ended), turn["output"]


def test_a_projects_limit_on_what_is_made(cast: Cast, do_jobs: DoJobs) -> None:
    Project.objects.filter(pk=cast.project.pk).update(program_output_mb=1)
    turn = run(
        cast, do_jobs, "open('a.bin', 'wb').write(b'x' * 900_000)\nopen('b.bin', 'wb').write(b'y' * 900_000)"
    )
    assert len(turn["artifacts"]) == 1
    assert "Left out because they exceed the total size" in turn["output"]


def test_a_ceiling_holds_whatever_a_project_has_stored(cast: Cast, settings: Any) -> None:
    Project.objects.filter(pk=cast.project.pk).update(program_cpu_seconds=50, program_memory_mb=2000)
    settings.CEILING_PROGRAM_CPU_SECONDS, settings.CEILING_PROGRAM_MEMORY_MB = 7, 100
    limits = limits_of(Project.objects.get(pk=cast.project.pk))
    assert (limits.cpu_seconds, limits.wall_seconds, limits.memory_bytes) == (7, 60, 100_000_000)
