"""Removes files that no row names, after the grace period."""

from typing import Any

from django.core.management.base import BaseCommand

from artifacts.garbage import collect_garbage


class Command(BaseCommand):
    help = "Removes stored files that no row names and that are older than GARBAGE_GRACE_HOURS."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{collect_garbage()} files removed")
