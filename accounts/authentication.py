"""Who calls the API, and whether their token lets them do this."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from accounts.audit import acts
from accounts.models import Scope, Token, User
from artifactsite.lib import worded
from artifactsite.lib.worded import Values

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.views import APIView


class ApiRequest(Request):
    """A request that has passed SignedInWithScope: somebody is signed in."""

    user: User


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <token>`, found by its hash in one query; reading never writes."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, Token]:
        try:
            digest = hash_token(token.decode("ascii"))
        except (UnicodeDecodeError, TypeError, ValueError) as error:
            raise AuthenticationFailed("This token is not valid.") from error
        found = _token(digest)
        expired = found is not None and found.expiry is not None and found.expiry <= timezone.now()
        if found is None or expired or not found.user.is_active:
            raise AuthenticationFailed("This token is not valid. Make a new one under Account.")
        acts(found.user)
        return found.user, found


# Passwords stay in the database.
_OF_TOKEN = [field.attname for field in Token._meta.concrete_fields]
_OF_USER = [field.attname for field in User._meta.concrete_fields if field.name != "password"]
_COLUMNS = [*_OF_TOKEN, *(f"user__{name}" for name in _OF_USER)]


def _token(digest: str) -> Token | None:
    """The token with this hash and its user; asked at every call, so worded once."""

    def make(values: Values) -> "QuerySet[Token, Any]":
        return Token.objects.filter(digest=values["digest"]).order_by().values_list(*_COLUMNS)

    for row in worded.rows("token", make, {"digest": digest}):
        user = worded.instance(User, dict(zip(_OF_USER, row[len(_OF_TOKEN) :], strict=True)))
        facts = dict(zip(_OF_TOKEN, row[: len(_OF_TOKEN)], strict=True))
        return worded.instance(Token, facts, {"user": user})
    return None


class SignedInWithScope(IsAuthenticated):
    """Somebody is signed in; a token without `write` only reads."""

    message = "This token may only read. Make one with the scope write."
    code = "token_scope"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        auth: Any = request.auth
        return request.method in SAFE_METHODS or not isinstance(auth, Token) or auth.scope == Scope.WRITE
