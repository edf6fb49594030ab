"""Spans reach a collector where one is named, and tell nobody's words; elsewhere nothing is traced or imported."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.site import ROOT, let_programs_in, running_site, wait_for


class Collector:
    """A collector that takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each with its attributes."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for body in list(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    told = {one.key: one.value.string_value or one.value.int_value for one in span.attributes}
                    found.append((span, told))
        return found

    def named(self, name: str) -> list[tuple[Any, dict[str, Any]]]:
        return [(span, told) for span, told in self.spans() if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


def test_requests_work_and_statements_are_told_without_anybodys_words(
    collector: Collector, tmp_path: Path
) -> None:
    pytest.importorskip(
        "opentelemetry.exporter.otlp.proto.http", reason="requirements-otel.lock is not installed"
    )
    let_programs_in(tmp_path)
    trace = "0af7651916cd43dd8448eb211c80319c"
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with running_site(tmp_path, **settings) as site:
        person = site.person("alice")
        conversation = person.conversation("Redundancies")
        upload = person.upload(conversation, "salaries.csv", b"name,pay\nGuido,1\n")
        link = person.finished_upload(conversation, upload["fileId"])["downloadUrl"]
        assert person.get(f"{site.url}{link}" if link.startswith("/") else link).ok
        person.get("artifacts?q=Dismissal", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
        wait_for(lambda: collector.named("GET api/artifacts"), seconds=20)
        work = wait_for(lambda: [told for _, told in collector.spans() if told.get("job")], seconds=20)
        posted = wait_for(
            lambda: collector.named("POST api/conversations/<uuid:conversation_id>/uploads"), seconds=20
        )
        wait_for(lambda: collector.named("GET api/files/public"), seconds=20)
    (listing, told), *_ = collector.named("GET api/artifacts")
    assert listing.trace_id.hex() == trace
    assert told["http.response.status_code"] == 200
    statements = [told for span, told in collector.spans() if span.parent_span_id == listing.span_id]
    assert any(told["db.query.text"].startswith("SELECT") for told in statements)
    # One id joins what asked for work to what did it.
    assert posted[0][1]["request_id"] in {told["request_id"] for told in work}
    # Nothing that only looks for work has a trace.
    assert all(span.parent_span_id or "db.query.text" not in told for span, told in collector.spans())
    sent = b"".join(collector.bodies)
    token = link.partition("h=")[2].encode()
    assert token
    for private in (
        b"Redundancies",
        b"salaries",
        b"Guido",
        b"Dismissal",
        b"alice",
        token,
        person.token.encode(),
    ):
        assert private not in sent, private


@pytest.mark.parametrize(
    ("before", "endpoint", "says"),
    [("", "", False), ("sys.modules['opentelemetry.sdk'] = None", "http://127.0.0.1:9", True)],
    ids=["off", "packages missing"],
)
def test_a_site_without_a_collector_or_the_packages_imports_nothing(
    before: str, endpoint: str, says: bool, tmp_path: Path
) -> None:
    script = (
        f"import sys; {before}\nimport django; django.setup()\n"
        "print(any(name.startswith('opentelemetry') for name, found in sys.modules.items() if found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "artifactsite.settings",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert ("nothing is traced" in done.stderr) is says
