"""What the account page shows."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone

from accounts.forms import TokenForm
from accounts.models import Token, User


class SignedInRequest(HttpRequest):
    """A request behind `login_required`, for the types: there is somebody."""

    user: User


@dataclass(frozen=True)
class TokenRow:
    """A token as its owner sees it: never its secret."""

    token: Token
    expired: bool


@dataclass(frozen=True)
class AccountPage:
    """Tokens, the form for another one, and the secret of the one just made."""

    tokens: list[TokenRow]
    form: TokenForm
    secret: str = ""
    error: str = ""


def account_page(
    user: User, *, form: TokenForm | None = None, secret: str = "", error: str = ""
) -> AccountPage:
    now = timezone.now()
    rows = [
        TokenRow(token, token.expiry is not None and token.expiry <= now)
        for token in Token.objects.filter(user=user).order_by("-created")
    ]
    return AccountPage(rows, form or TokenForm(), secret, error)
