"""The site as docker-compose.yml describes it, by hand where no container engine is at hand: `scripts/stack`.

Commands, environment and start order are read from docker-compose.yml, the web server's command from the Dockerfile,
nginx's configuration from deploy/: nothing of them is said twice. What differs is what containers would have made:
names become 127.0.0.1 with ports of their own, volumes become folders, and images the programs of this machine or
of the development requirements (tests/servers.py).
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests import servers
from tests.site import Person

ROOT = Path(__file__).resolve().parent.parent
STARTING = 120.0  # seconds that all of it may take to answer
INSIDE = {"web": 8000, "postgres": 5432, "redis": 6379, "s3": 8333, "nginx": 8080, "tls": 8443}
NGINX = """
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{user}
events {{ worker_connections 1024; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    sendfile on;
    include {folder}/site.conf;
}}
"""


class Stack:
    """The processes of docker-compose.yml in a folder. `settings` is what .env would hold.

    `scale` is what `docker compose up --scale` would be told: how many of a service there are at first. The second web
    process is `web-2`, and so on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tls: bool = False,
        port: int | None = None,
        scale: dict[str, int] | None = None,
        **settings: str,
    ) -> None:
        self.folder, self.tls, self.at_first = folder, tls, scale or {}
        self.code = ROOT  # what the image holds; another folder: processes that start from then on are of that release
        self.services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        # SeaweedFS adds 10,000 to each port for its inner talk.
        self.ports = {name: servers.free_port(highest=50000) for name in INSIDE}
        self.ports["nginx"] = port or self.ports["nginx"]
        self.url = (
            f"https://127.0.0.1:{self.ports['tls']}" if tls else f"http://127.0.0.1:{self.ports['nginx']}"
        )
        self.settings = {"SITE_URL": self.url, "SECURE_SSL_REDIRECT": "true" if tls else "false", **settings}
        # Made once for a folder, so that what lies in it can be read again.
        make = [ROOT / "scripts" / "make-secrets", folder / "secrets"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    # --- what docker-compose.yml says ----------------------------------------------------------------

    def environment(self, service: str) -> dict[str, str]:
        """What its processes get: its `environment`, and what the image sets."""
        said = self._service(service).get("environment", {})
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "SANDBOX_VENV") if name in os.environ}
        path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
        image = {"DATA_DIR": str(self.folder / "data"), "LOG_FORMAT": "json", "MALLOC_ARENA_MAX": "2"}
        # No part of docker-compose.yml, which says shares of the processor instead.
        if "WORKER_NICE" in self.settings:
            image["WORKER_NICE"] = self.settings["WORKER_NICE"]
        given = {name: self._here(self._filled(str(value))) for name, value in said.items()}
        return {**kept, "PATH": path, **image, **given}

    def command(self, service: str) -> list[str]:
        says = self._service(service)
        said = says.get("entrypoint", []) + (says.get("command") or _image_command())
        # A container's host name is its own.
        return [self._here(self._filled(str(part))).replace("%h", service) for part in said]

    def _service(self, name: str) -> dict[str, Any]:
        """What is said of a service, or of one of several (web-2)."""
        said: dict[str, Any] = self.services.get(name) or self.services[name.rpartition("-")[0]]
        return said

    def _filled(self, text: str) -> str:
        """${NAME:-default}, ${NAME-default}, ${NAME:?must be set} and $$, as Compose reads them."""

        def value(match: "re.Match[str]") -> str:
            name, how, otherwise = match["name"], match["how"] or "", match["otherwise"] or ""
            given = self.settings.get(name)
            missing = given is None or (how.startswith(":") and not given)
            if missing and how.endswith("?"):
                raise RuntimeError(f"{name}: {otherwise}")
            return self._filled(otherwise) if missing else given or ""

        pattern = r"\$\{(?P<name>\w+)(?:(?P<how>:?[-?])(?P<otherwise>[^}]*))?\}"
        return re.sub(pattern, value, text.replace("$$", "\0")).replace("\0", "$")

    def _here(self, text: str) -> str:
        """Names of services as addresses of this machine, volumes as folders."""
        for name, port in INSIDE.items():
            text = re.sub(rf"\b{name}:{port}\b", f"127.0.0.1:{self.ports[name]}", text)
        text = text.replace("/run/secrets/", f"{self.folder}/secrets/").replace(
            "/etc/nginx/tls", f"{self.folder}/tls"
        )
        return re.sub(r"(^|=)/data\b", rf"\g<1>{self.folder}/data", text)

    # --- starting and stopping ------------------------------------------------------------------------

    def start(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        self.folder.chmod(0o755)  # nginx and PostgreSQL run as somebody without rights
        for name in self._in_order():
            getattr(self, f"_start_{name.replace('-', '_')}", self._start_site)(name)
            for number in range(2, self.at_first.get(name, 1) + 1):
                self.start_one(f"{name}-{number}")

    def start_one(self, name: str) -> None:
        """One more process of a service of the site's own, or `migrate` once more."""
        (self._start_migrate if name == "migrate" else self._start_site)(name)

    def reload_nginx(self, webs: list[str]) -> None:
        """`nginx -s reload`, where the name service knows these web processes."""
        (self.folder / "nginx" / "site.conf").write_text(self._nginx_site(webs))
        self.running["nginx"].send_signal(signal.SIGHUP)

    def scale(self, service: str, count: int) -> None:
        """So many processes of a service of the site's own, from now on."""
        names = [service, *(f"{service}-{number}" for number in range(2, max(count, len(self.running)) + 1))]
        for name in names[:count]:
            if name not in self.running:
                self.start_one(name)
        if service == "web" and "nginx" in self.running:
            self.reload_nginx(names[:count])
        for name in names[count:]:
            if name in self.running:
                self.end(name)

    def _in_order(self) -> list[str]:
        """Each service after those it depends on. Those that only a profile starts are left out."""
        ordered: list[str] = []

        def add(name: str) -> None:
            for needed in self.services[name].get("depends_on", {}):
                add(needed)
            if name not in ordered:
                ordered.append(name)

        for name, service in self.services.items():
            if not service.get("profiles"):
                add(name)
        return ordered

    def stop(self) -> None:
        """In the reverse order, each by the signal that Compose would send."""
        for name in reversed(list(self.running)):
            self.end(name)

    def end(self, name: str) -> None:
        process = self.running.pop(name)
        how = getattr(signal, self._service(name).get("stop_signal", "SIGTERM"))
        if process.poll() is None:
            # Asked nicely SeaweedFS takes 15 seconds; what it acknowledged is on disk.
            process.send_signal(signal.SIGKILL if name == "s3" else how)
        try:
            process.wait(75)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def restart(self, name: str, **settings: str) -> None:
        """Stops a service of the site's own and starts it with other settings."""
        self.end(name)
        self.settings |= settings
        self.start_one(name)

    def manage(self, *arguments: str, **environment: str) -> str:
        """What a command of manage.py says, with the web process' settings."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.code, env={**self.environment("web"), **environment},
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    def person(
        self, username: str, password: str = "correct horse battery", project: str = "Research"
    ) -> Person:
        """Somebody who administers a project, as docs/operations.md has one made."""
        chosen = ("--username", username, "--password-env", "PW", "--project", project, "--print-token")
        made = json.loads(self.manage("bootstrap", *chosen, PW=password))
        return Person(self, made["project"], made["token"])  # type: ignore[arg-type]

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _run(self, name: str, command: list[str], answers: Callable[[], bool], **options: Any) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **{"cwd": self.code, "env": self.environment(name), **options},
            )  # fmt: skip
        self.running[name] = process
        until = time.monotonic() + STARTING
        while not answers():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{name} did not start:\n{self.log(name)[-3000:]}")
            time.sleep(0.1)

    def _start_postgres(self, name: str) -> None:
        settings = self.environment(name)
        folder = self.folder / "postgres"
        folder.mkdir(exist_ok=True)
        with servers._stranger(folder) as run_as:
            data = folder / "data"
            programs = servers._postgres_programs(folder, run_as)
            if not data.exists():
                # The secret lies where only its owner gets in, who need not be whom PostgreSQL runs as.
                password = folder / "password"
                password.write_text(self._password())
                if run_as:
                    os.chown(password, run_as["user"], run_as["group"])
                password.chmod(0o400)
                made = subprocess.run(
                    [programs / "initdb", "-D", data, "-U", settings["POSTGRES_USER"], "--pwfile", password,
                     "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "-N"],
                    cwd=folder, capture_output=True, text=True, **run_as,
                )  # fmt: skip
                password.unlink()
                if made.returncode:
                    raise RuntimeError(f"initdb failed: {made.stderr}")
            said = self.command(name)[1:]
            here = ["-D", str(data), "-p", str(self.ports[name]), "-c", "listen_addresses=127.0.0.1",
                    "-c", "unix_socket_directories="]  # fmt: skip
            self._run(
                name, [str(programs / "postgres"), *said, *here], self._database_there, cwd=folder, **run_as
            )

    def _password(self) -> str:
        return (self.folder / "secrets" / "postgres_password").read_text()

    def database(self, name: str = "") -> Any:
        """A connection to the site's database, or to another of that server."""
        import psycopg

        settings = self.environment("postgres")
        return psycopg.connect(
            host="127.0.0.1", port=self.ports["postgres"], dbname=name or settings["POSTGRES_DB"],
            user=settings["POSTGRES_USER"], password=self._password(), autocommit=True, connect_timeout=2,
        )  # fmt: skip

    def _database_there(self) -> bool:
        """PostgreSQL answers and has its database, which the image would make at its first start."""
        import psycopg

        name = self.environment("postgres")["POSTGRES_DB"]
        try:
            with self.database("postgres") as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
                if not known.fetchone():
                    connection.execute(f'CREATE DATABASE "{name}"')
        except psycopg.OperationalError:
            return False
        return True

    def _start_redis(self, name: str) -> None:
        folder = self.folder / "redis"
        folder.mkdir(exist_ok=True)
        here = ["--port", str(self.ports[name]), "--bind", "127.0.0.1", "--dir", str(folder)]
        command = [servers._redis_program(), *self.command(name)[1:], *here]
        self._run(name, command, lambda: servers._redis_answers(self.ports[name]))

    def _start_s3(self, name: str) -> None:
        folder = self.folder / "s3"
        folder.mkdir(exist_ok=True)
        here = {"-dir": folder, "-ip.bind": "127.0.0.1", "-s3.port": self.ports[name]}
        said = [part for part in self.command(name) if part.partition("=")[0] not in here]
        master, volume, filer = (servers.free_port(highest=50000) for _ in range(3))
        here |= {"-ip": "127.0.0.1", "-master.port": master, "-volume.port": volume, "-filer.port": filer}
        here |= {"-s3.port.iceberg": 0, "-s3.port.lance": 0, "-volume.preStopSeconds": 0}
        command = [*said, *(f"{option}={value}" for option, value in here.items())]
        ready = [f"http://127.0.0.1:{master}/cluster/status", f"http://127.0.0.1:{self.ports[name]}/healthz"]
        self._run(name, command, lambda: all(map(_answers, ready)), cwd=folder)

    def _start_migrate(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            done = subprocess.run(
                self.command(name), cwd=self.code, env=self.environment(name), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, check=False,
            )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"migrate failed:\n{self.log(name)[-3000:]}")

    def _start_site(self, name: str) -> None:
        command = self.command(name)
        if name.startswith("web"):
            port = self.ports.setdefault(name, servers.free_port(highest=50000))
            here = {"0.0.0.0": "127.0.0.1", str(INSIDE["web"]): str(port)}
            command = [here.get(part, part) for part in command]
        if "--schedule" in command:
            command[command.index("--schedule") + 1] = str(self.folder / "celery-beat")
        self._run(name, command, lambda: self._is_well(name))

    def _is_well(self, name: str) -> bool:
        """What its health check asks, of this process alone."""
        if name.startswith("web"):
            check = [sys.executable, "deploy/healthy.py", f"127.0.0.1:{self.ports[name]}"]
            return subprocess.run(check, cwd=ROOT, capture_output=True, check=False).returncode == 0
        if name == "beat":
            return any(self.folder.glob("celery-beat*"))
        worker = f"{socket.gethostname()}:{self.running[name].pid}"
        with self.database() as connection:
            return (
                connection.execute("SELECT 1 FROM jobs_worker WHERE name = %s", [worker]).fetchone()
                is not None
            )

    def _start_nginx(self, name: str) -> None:
        folder = self.folder / "nginx"
        for path in (folder, self.folder / "tls"):
            path.mkdir(exist_ok=True)
        if self.tls:
            self._make_certificate(self.folder / "tls")
        (folder / "site.conf").write_text(
            self._nginx_site([one for one in self.running if one.startswith("web")])
        )
        # As in Compose: another user than the site's, in the site's group.
        user = f"user nobody {_group()};" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("nginx is missing: scripts/setup dev installs it")
        command = [
            program,
            "-e",
            str(folder / "error.log"),
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
        ]
        self._run(name, command, lambda: _listens(self.ports["nginx"]))

    def _nginx_site(self, webs: list[str]) -> str:
        """nginx's configuration before these web processes: what Compose's name service would give for `web`."""
        values = self.environment("nginx")
        values["WEB"] = "; server ".join(f"127.0.0.1:{self.ports[name]}" for name in webs)
        site = (ROOT / "deploy" / "nginx.conf.template").read_text()
        site = re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], site)  # what the image's envsubst does
        site = site.replace(f"listen {INSIDE['nginx']}", f"listen 127.0.0.1:{self.ports['nginx']}")
        return site.replace("/dev/stdout", str(self.folder / "nginx" / "access.log"))

    def _make_certificate(self, folder: Path) -> None:
        """One that this machine signs for itself, and the file that makes nginx use it."""
        self.certificate = folder / "certificate.pem"
        if not self.certificate.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-keyout", folder / "key.pem", "-out", self.certificate, "-days", "30", "-subj", "/CN=127.0.0.1",
                 "-addext", "subjectAltName=IP:127.0.0.1"],
                check=True, capture_output=True,
            )  # fmt: skip
        said = (ROOT / "deploy" / "tls.conf.example").read_text()
        said = said.replace(f"listen {INSIDE['tls']}", f"listen 127.0.0.1:{self.ports['tls']}")
        (folder / "tls.conf").write_text(said.replace("/etc/nginx/tls", str(folder)))


def _image_command() -> list[str]:
    """CMD of the Dockerfile."""
    last = (ROOT / "Dockerfile").read_text().rpartition("\nCMD ")[2].replace("\\\n", "")
    said: list[str] = json.loads(last)
    return said


def _group() -> str:
    import grp

    return grp.getgrgid(os.getegid()).gr_name


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def running_stack(folder: Path, **options: Any) -> Iterator[Stack]:
    stack = Stack(folder, **options)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def main() -> int:
    """Runs it until Ctrl-C. Settings of .env.example are taken from the environment."""
    parser = argparse.ArgumentParser(description="The site as docker-compose.yml describes it, by hand.")
    parser.add_argument("--folder", type=Path, default=ROOT / ".data" / "stack", help="where everything lies")
    parser.add_argument("--port", type=int, default=8080, help="nginx's port (8080)")
    parser.add_argument("--tls", action="store_true", help="https, with a certificate of its own")
    chosen = parser.parse_args()
    names = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    settings = {name: os.environ[name] for name in names if name in os.environ}
    folder = chosen.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with running_stack(folder, tls=chosen.tls, port=chosen.port, **settings) as stack:
            print(f"{stack.url} answers. Logs and data: {folder}. Ctrl-C stops everything.", flush=True)
            while all(process.poll() is None for process in stack.running.values()):
                time.sleep(1)
            died = [name for name, process in stack.running.items() if process.poll() is not None]
            print(f"{', '.join(died)} ended by itself:\n{stack.log(died[0])[-2000:]}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
