"""How many programs a worker runs at the same time: turns that wait for a model cost nothing, programs do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from playground.tools.base import ToolCall

_TICK = 0.2  # seconds
_slots = threading.BoundedSemaphore(settings.PROGRAMS_AT_ONCE)


@contextmanager
def program_slot(call: ToolCall) -> Iterator[None]:
    """Waits until a program may run. A cancelled call waits no longer; its program is stopped as it starts."""
    taken = _slots.acquire(timeout=_TICK)
    while not taken and not call.cancelled():
        taken = _slots.acquire(timeout=_TICK)
    try:
        yield
    finally:
        if taken:
            _slots.release()
