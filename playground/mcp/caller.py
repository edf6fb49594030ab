"""Who calls, for the length of one request."""

from contextvars import ContextVar
from dataclasses import dataclass

from accounts.models import User
from artifactsite.lib.errors import Forbidden


@dataclass(frozen=True)
class Caller:
    """The token's user, and whether the token's scope is write."""

    user: User
    can_write: bool


_caller: ContextVar[Caller] = ContextVar("mcp_caller")


def set_caller(caller: Caller) -> None:
    _caller.set(caller)


def reader() -> User:
    """The user, for reading."""
    return _caller.get().user


def writer() -> User:
    """The user, for changing something; refused where the token may only read."""
    caller = _caller.get()
    if not caller.can_write:
        raise Forbidden("This token may only read. Make one with the scope write.", "token_scope")
    return caller.user
