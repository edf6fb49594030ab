"""What happens to accounts and tokens."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal
from django.http import Http404

from accounts.models import Scope, Token, User
from artifactsite.lib.errors import Conflict, Invalid
from artifactsite.lib.names import clean_name

MOST_TOKENS = 50

# Before people are deactivated or deleted: `people`, their keys. Apps above connect what raises Refusal to keep them.
leaving = Signal()


def require_dispensable(people: Iterable[int]) -> None:
    """Refuses where one of these people (keys) can't be deactivated or deleted yet, and says what to do first."""
    leaving.send(sender=User, people=list(people))


def create_token(
    *, by: User, name: str, scope: str = Scope.WRITE, lifetime: timedelta | None = None
) -> tuple[Token, str]:
    """A new token and its secret, which is shown this once and stored as a hash only."""
    label = clean_name(name, longest=100)
    if not label:
        raise Invalid("name", "Give the token a name, so that you know later what uses it.")
    if scope not in Scope.values:
        raise Invalid("scope", "scope must be read or write.")
    with transaction.atomic():
        # The lock makes the count true under parallel requests.
        User.objects.select_for_update().get(pk=by.pk)
        if by.auth_token_set.count() >= MOST_TOKENS:
            raise Conflict(
                "too_many_tokens", f"You have {MOST_TOKENS} tokens. Revoke one that is not used any more."
            )
        token, secret = Token.objects.create(user=by, name=label, scope=scope, expiry=lifetime)
    return token, secret


def revoke_token(*, by: User, public_id: UUID) -> None:
    """Ends a token of the caller's own at once."""
    deleted, _ = Token.objects.filter(user=by, public_id=public_id).delete()
    if not deleted:
        raise Http404
