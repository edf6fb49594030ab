"""`manage.py run`: the whole site in one command, until Ctrl-C."""

import os
import socket
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from artifactsite import env
from artifactsite.management import supervisor
from jobs.models import Queue

CELERY = ("-m", "celery", "--app", "artifactsite")


class Command(BaseCommand):
    help = "Migrates the database, then runs the web server and the workers until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo",
            action="store_true",
            help="make the demo project once the site answers, on the first start only",
        )
        parser.add_argument(
            "--web-on", type=int, metavar="FD", help="(internal) serve on this listening socket"
        )

    def handle(self, *, demo: bool, web_on: int | None, **options: object) -> None:
        if web_on is not None:
            serve(web_on)
            return
        host = env.text("HOST", "127.0.0.1")
        listener = listen(host, settings.PORT)
        migrate()
        os.set_inheritable(listener.fileno(), True)
        self.stdout.flush()
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")  # many threads, one heap: a third less memory
        # The supervisor only waits: it replaces this process by one without Django, a tenth of the size.
        arguments = ["--host", host, "--port", str(settings.PORT), "--url", settings.SITE_URL]
        arguments += ["--listener", str(listener.fileno())]
        for name, command in children(listener.fileno()).items():
            arguments += ["--child", name, *command, supervisor.END]
        made = settings.DATA_DIR / "demo-made"
        if demo and "demo" in get_commands() and not made.exists():
            arguments += ["--once", str(made), *manage("demo"), supervisor.END]
        os.execv(sys.executable, [sys.executable, "-I", supervisor.__file__, *arguments])


def listen(host: str, port: int) -> socket.socket:
    """The socket that the web server accepts on. Held by the supervisor, it outlives a web server that died."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CommandError(
            f"Port {port} of {host} can't be used: {os.strerror(error.errno) if error.errno else error}. "
            f"Stop the program that uses it, or choose another port: PORT={port + 1}"
        ) from error


def migrate() -> None:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        print(f"Bringing the database up to date ({len(waiting)} steps)", flush=True)
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()


def children(listener: int) -> dict[str, list[str]]:
    """What runs side by side, by name."""
    web = {"web": manage("run", "--web-on", str(listener))}
    if not settings.REDIS_URL:
        return {**web, "worker": manage("worker")}
    schedule = str(settings.DATA_DIR / "celery-beat")
    return {
        **web,
        "extraction worker": celery_worker(Queue.EXTRACTION, settings.WORKER_THREADS),
        "turns worker": celery_worker(Queue.TURNS, settings.TURN_THREADS),
        "beat": [
            sys.executable,
            *CELERY,
            "beat",
            "--schedule",
            schedule,
            "--pidfile=",
            "--loglevel",
            "WARNING",
        ],
    }


def celery_worker(queue: str, threads: int) -> list[str]:
    """A worker of its own for each queue: a pile of uploads must not hold up a person's turn."""
    return [
        *(sys.executable, *CELERY, "worker", "--pool", "threads", "--concurrency", str(threads)),
        *("--queues", f"{queue},upkeep", "--hostname", f"{queue}@%h"),
        *("--loglevel", settings.LOG_LEVEL, "--without-mingle"),
    ]


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(Path(sys.argv[0]).absolute()), *arguments]


def serve(listener: int) -> None:
    import uvicorn

    config = uvicorn.Config(
        "artifactsite.asgi:application",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        # What a proxy says about the client is for Django to believe or not (TRUSTED_PROXIES, TRUST_PROXY_PROTO).
        proxy_headers=False,
    )
    with socket.socket(fileno=listener) as accepted_on:
        uvicorn.Server(config).run(sockets=[accepted_on])
