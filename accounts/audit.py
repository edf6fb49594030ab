"""Who acted, for audit entries of calls with a token: the audit log's own middleware knows sessions only."""

from contextvars import ContextVar
from typing import Any

from auditlog.models import LogEntry
from django.core.signals import request_finished, request_started
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import User

_acting: ContextVar[User | None] = ContextVar("acting", default=None)


def acts(user: User | None) -> None:
    """From here on in this request, `user` acts; None: nobody that we know."""
    _acting.set(user)


@receiver([request_started, request_finished])
def _nobody(**_: Any) -> None:
    _acting.set(None)


@receiver(pre_save, sender=LogEntry)
def _name_the_actor(instance: LogEntry, **_: Any) -> None:
    if instance.actor is None:
        instance.actor = _acting.get()
