"""`manage.py restore`: a backup into an empty site."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from artifactsite.backup.archive import BadArchive
from artifactsite.backup.restore import Restored, check, not_empty, restore
from artifactsite.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Puts a backup into this site's database and storage, whichever they are, while the site is stopped. "
        "Everything is compared with its hash; rows appear all at once at the end, or not at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what `manage.py backup` wrote, or - for standard input")
        parser.add_argument("--check", action="store_true", help="only read it to its end and compare")
        parser.add_argument("--replace", action="store_true", help="delete what is in this site first")

    def handle(self, *, file: str, check: bool, replace: bool, **options: Any) -> None:
        in_the_way = [] if check or replace else not_empty()
        if in_the_way:
            raise CommandError(
                f"This site is not empty: {', '.join(in_the_way)}. Restore into an empty database and an empty "
                "storage, or say --replace to delete what is there."
            )
        progress = Progress(self.stderr)
        with ExitStack() as stack:
            try:
                source = sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
            except OSError as error:
                raise CommandError(f"{file} can't be read: {error.strerror}.") from error
            act = _check if check else restore
            try:
                restored = act(source, progress=_telling(progress))
            except (BadArchive, ValueError) as error:
                raise CommandError(f"Nothing was restored; of the backup, {error}.") from error
        for key, why in restored.damaged.items():
            self.stderr.write(f"not whole when the backup was made: {key}: {why}")
        for sentence in restored.said:
            self.stderr.write(sentence)
        self.stdout.write(
            f"{sum(restored.rows.values())} rows and {restored.files} files of {restored.bytes} bytes "
            + ("are as they were written" if check else "are restored. Start the site now.")
        )


_check = check


def _telling(progress: Progress) -> Callable[[Restored], None]:
    return lambda restored: progress.tell(
        f"{sum(restored.rows.values())} rows, {restored.files} files, {restored.bytes >> 20} MB"
    )
