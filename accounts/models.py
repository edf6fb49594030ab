"""People and their personal tokens."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from knox.models import AbstractAuthToken


class User(AbstractUser):  # type: ignore[django-manager-missing]
    """A person who signs in. E-mail addresses name one person at most."""

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_unique", condition=~models.Q(email=""),
                violation_error_message="Somebody has this e-mail address already.",
            )
        ]  # fmt: skip


class Scope(models.TextChoices):
    READ = "read", "Read"
    WRITE = "write", "Read and write"


class Token(AbstractAuthToken):
    """A personal token: named, shown once, stored as a hash, dead with its user."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.WRITE)

    class Meta:
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(condition=models.Q(scope__in=Scope.values), name="token_scope_known"),
        ]

    def __str__(self) -> str:
        # Not the name: it is private, and the admin prints this.
        return f"token {str(self.public_id)[:8]}"
