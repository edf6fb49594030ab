"""`manage.py backup`: all rows and all files in one file, while the site runs."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from artifactsite.backup.dump import Made, back_up
from artifactsite.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Writes all rows and all files to a tar file, while the site runs. Every file is compared with the hash in "
        "its row; ends with 1 where one differs or is gone, the rest being backed up all the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a file that isn't there yet, or - for standard output")
        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="leave out the secrets that the site made for itself; keep them elsewhere",
        )

    def handle(self, *, file: str, without_secrets: bool, **options: Any) -> None:
        progress = Progress(self.stderr)
        try:
            with _target(file) as target:
                made = back_up(target, with_secrets=not without_secrets, progress=_telling(progress))
        except ValueError as error:
            raise CommandError(f"No backup was made: {error}") from error
        for key, why in made.damaged.items():
            self.stderr.write(f"{key}: {why}")
        rows = sum(made.rows.values())
        self.stderr.write(f"{rows} rows and {made.files} files of {made.bytes} bytes are backed up")
        if made.damaged:
            raise SystemExit(1)


def _telling(progress: Progress) -> Callable[[Made], None]:
    return lambda made: progress.tell(
        f"{sum(made.rows.values())} rows, {made.files} files, {made.bytes >> 20} MB"
    )


@contextmanager
def _target(name: str) -> Iterator[IO[bytes]]:
    """Where the archive goes. A file has its name only once it is whole and on disk."""
    if name == "-":
        if sys.stdout.isatty():
            raise CommandError("Standard output is a terminal: send it to a file or a program.")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    final = Path(name).absolute()
    if final.exists():
        raise CommandError(f"{final} is there already; choose another name.")
    partial = final.with_name(f"{final.name}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.rename(final)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"{final} can't be written: {error.strerror}.") from error
        raise
