"""Makes rows for stored files that have none and reports rows whose file is gone."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from artifacts import tally
from artifacts.reindex import SETTLED, index_all, reindex
from artifacts.search import beginnings


class Command(BaseCommand):
    help = (
        "Reads the tree of files back: makes artifacts of files that lie in a conversation's folder without a "
        "row, and reports rows whose file is gone. Ends with 1 where a file is gone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        minutes = int(SETTLED.total_seconds() // 60)
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")
        parser.add_argument(
            "--settled",
            type=int,
            default=minutes,
            metavar="MINUTES",
            help=f"leave younger files alone ({minutes})",
        )
        parser.add_argument("--search", action="store_true", help="also read all contents for search anew")

    def handle(self, *, dry_run: bool, settled: int, search: bool, **options: Any) -> None:
        found = reindex(settled=timedelta(minutes=settled), dry_run=dry_run)
        verb = "would be made" if dry_run else "made"
        for key in found.made:
            self.stdout.write(f"{verb}: {key}")
        for key in found.known:
            self.stdout.write(f"left, its bytes are known: {key}")
        for key, reason in found.skipped.items():
            self.stdout.write(f"left, {reason}: {key}")
        for key in found.lost:
            self.stderr.write(f"row without a file: {key}")
        for key in found.redrawn:
            self.stdout.write(f"thumbnail without a file, {'would be ' if dry_run else ''}drawn anew: {key}")
        if search and not dry_run:
            self.stdout.write(f"{index_all()} artifacts queued for search")
        if not dry_run and (wrong := tally.correct()):
            self.stdout.write(f"counts of {wrong} sorts of artifacts put right")
        if not dry_run and (added := beginnings.fill()):
            self.stdout.write(f"{added} beginnings of words added")
        left = len(found.known) + len(found.skipped)
        self.stdout.write(f"{len(found.made)} {verb}, {left} left, {len(found.lost)} rows without a file")
        if found.lost:
            raise SystemExit(1)
