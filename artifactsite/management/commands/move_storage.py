"""`manage.py move_storage disk bucket`: the files of a site into a bucket, or back."""

from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError, CommandParser

from artifactsite.management.progress import Progress
from artifactsite.storage_move import Moved, move

PLACES = ("disk", "bucket")


class Command(BaseCommand):
    help = (
        "Copies every file that a row names from the disk to the bucket, or the other way round, while the site runs; "
        "nothing is deleted. Each is compared with the hash in its row and read back from where it went. A run that "
        "broke off goes on where it stopped. Ends with 1 where a file could not be copied."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", choices=PLACES)
        parser.add_argument("target", choices=PLACES)
        parser.add_argument(
            "--again", action="store_true", help="trust no earlier run: compare every file anew"
        )

    def handle(self, *, source: str, target: str, again: bool, **options: Any) -> None:
        if source == target:
            raise CommandError("Name two places: disk bucket, or bucket disk.")
        if not settings.S3_BUCKET:
            raise CommandError(
                "Set S3_BUCKET and the other S3_ settings for this command, so that it finds the bucket."
            )
        journal = settings.DATA_DIR / f"moved-to-{target}"
        if again:
            journal.unlink(missing_ok=True)
        progress = Progress(self.stderr)

        def tell(moved: Moved) -> None:
            done = moved.copied + len(moved.failed)
            progress.tell(f"{done} of {moved.wanted} files, {moved.bytes >> 20} MB")

        moved = move(storages[source], storages[target], journal=journal, progress=tell)
        for key, why in moved.failed.items():
            self.stderr.write(f"{key}: {why}")
        self.stdout.write(
            f"{moved.copied} files of {moved.bytes} bytes copied, {moved.there} were there, {len(moved.failed)} failed"
        )
        if moved.failed:
            raise SystemExit(1)
