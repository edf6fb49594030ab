"""Who acted, and from where, for audit entries: asked only when one is written."""

from contextlib import suppress
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from auditlog.models import LogEntry
from django.core.signals import request_finished, request_started
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import User
from artifactsite.lib import callers

_acting: ContextVar[User | None] = ContextVar("acting", default=None)


def acts(user: User | None) -> None:
    """From here on in this request, `user` acts; None: nobody that we know."""
    _acting.set(user)


@receiver([request_started, request_finished])
def _nobody(**_: Any) -> None:
    _acting.set(None)


@receiver(pre_save, sender=LogEntry)
def _name_the_actor(instance: LogEntry, **_: Any) -> None:
    request = callers.current()
    if instance.actor is None:
        user = _acting.get() or getattr(request, "user", None)
        if isinstance(user, User):
            instance.actor, instance.actor_email = user, user.email
    if request is not None:
        with suppress(ValueError):  # a proxy may say "unknown"
            instance.remote_addr = str(ip_address(callers.address(request) or ""))
