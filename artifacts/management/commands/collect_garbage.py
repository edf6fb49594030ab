"""Removes files that no row names, after the grace period."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from artifacts.garbage import collect_garbage


class Command(BaseCommand):
    help = "Removes stored files that no row names and that are older than GARBAGE_GRACE_HOURS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at-once",
            action="store_true",
            help="However young they are. Only while nobody writes: a file comes before its row.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        grace = timedelta() if options["at_once"] else None
        self.stdout.write(f"{collect_garbage(grace=grace)} files removed")
