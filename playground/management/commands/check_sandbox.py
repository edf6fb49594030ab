"""Proves on this host that programs are confined, or says what is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from playground.sandbox import check


class Command(BaseCommand):
    help = "Runs the sandbox's own checks and prints each; fails where programs would be refused."

    def handle(self, *args: Any, **options: Any) -> None:
        report = check()
        for item in report.checks:
            self.stdout.write(f"{'ok    ' if item.ok else 'FAILED'} {item.name}: {item.detail}")
        if not report.ok:
            raise CommandError("Programs are refused on this host.")
