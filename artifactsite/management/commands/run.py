"""`manage.py run`: the whole site in one command, until Ctrl-C."""

import gc
import os
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from artifactsite import env
from artifactsite.lib.processes import call_myself
from artifactsite.management import supervisor
from jobs.models import Queue

CELERY = ("-m", "celery", "--app", "artifactsite")


class Command(BaseCommand):
    help = "Migrates the database, then runs the web server and the workers until Ctrl-C."
    # They are `manage.py check`'s and the tests'; a start has no time for them.
    requires_system_checks = ()

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
            serve(socket.socket(fileno=web_on))
            return
        host = env.text("HOST", "127.0.0.1")
        listener = listen(host, settings.PORT)
        migrate()
        os.set_inheritable(listener.fileno(), True)
        os.environ.setdefault("MALLOC_ARENA_MAX", str(supervisor.HEAPS))
        commands = children(listener.fileno())
        running = dict.fromkeys(commands, 0)
        works: dict[str, Callable[[socket.socket], None]] = {"web": serve, "worker": work_off}
        for name, work in works.items() if supervisor.CAN_FORK else ():
            if name in commands:
                running[name] = fork()
                if not running[name]:
                    work(listener)
                    return
        # The supervisor only waits: it replaces this process by one without Django, a tenth of the size.
        arguments = ["--host", host, "--port", str(settings.PORT), "--url", settings.SITE_URL]
        arguments += ["--listener", str(listener.fileno())]
        for name, command in commands.items():
            arguments += ["--child", name, str(running[name]), *command, supervisor.END]
        made = settings.DATA_DIR / "demo-made"
        if demo and "demo" in get_commands() and not made.exists():
            arguments += ["--once", str(made), *manage("demo"), supervisor.END]
        os.execv(sys.executable, [sys.executable, "-I", supervisor.__file__, *arguments])


def fork() -> int:
    """A child that has all that is imported by now, which would take it a second to import again; 0 in the child."""
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # what both have is not looked through, and so not copied, by either's collections
    if pid := os.fork():
        return pid
    supervisor.in_forked_child()
    return 0


def work_off(listener: socket.socket) -> None:
    """The embedded worker, in a child that has no use for the web server's socket."""
    listener.close()
    call_command("worker")


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
    if not is_current():
        executor = MigrationExecutor(connection)
        if waiting := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            print(f"Bringing the database up to date ({len(waiting)} steps)", flush=True)
            call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
    # A fork would share the pool's connection, and has none of its threads, which make new ones in place of lost ones.
    if close_pool := getattr(connection, "close_pool", None):
        close_pool()


def is_current() -> bool:
    """Whether each migration there is has been applied, by their names alone: none is imported for it."""
    there = {
        (app.label, module.name)
        for app in apps.get_app_configs()
        if (package := MigrationLoader.migrations_module(app.label)[0]) and (spec := find_spec(package))
        for module in iter_modules(spec.submodule_search_locations or ())
        if not module.ispkg and module.name[0] not in "_~"
    }
    return there <= MigrationRecorder(connection).applied_migrations().keys()


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


def serve(listener: socket.socket) -> None:
    import uvicorn

    call_myself("site-web")
    config = uvicorn.Config(
        "artifactsite.asgi:application",
        http="artifactsite.protocol:Protocol",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        # What a proxy says about the client is for Django to believe or not (TRUSTED_PROXIES, TRUST_PROXY_PROTO).
        proxy_headers=False,
    )
    with listener:
        uvicorn.Server(config).run(sockets=[listener])
