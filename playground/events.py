"""The events of a turn: written by whoever works on it, streamed to whoever watches."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from playground.models import Turn, TurnEvent

LONGEST_DELTA = 16_000  # characters an event


def emit(turn: Turn, kind: str, data: dict[str, Any]) -> None:
    """Appends an event. Worker and canceller may write at once: the unique sequence decides, the loser tries again."""
    for _ in range(20):
        last = TurnEvent.objects.filter(turn=turn).aggregate(last=Max("sequence"))["last"] or 0
        try:
            with transaction.atomic():
                TurnEvent.objects.create(turn=turn, sequence=last + 1, type=kind, data=data)
            return
        except IntegrityError:
            continue
    raise RuntimeError(f"no free sequence for an event of {turn}")
