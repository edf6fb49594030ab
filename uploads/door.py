"""What is too large or too much is not stored while it comes in: the first of Django's upload handlers.

It looks at every multipart body and acts on the routes that take uploads. `services.receive` decides, under a
lock; the door keeps a body from filling the disk until then.
"""

from functools import cached_property
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.request import QueryDict
from django.utils.datastructures import MultiValueDict

from artifactsite.lib.errors import Refusal
from artifactsite.lib.names import clean_name
from conversations.models import Conversation
from uploads import access

# Name of a route that takes uploads → the argument with the conversation's id.
ROUTES = {"api-uploads": "conversation_id", "conversation-uploads": "pk"}
FIELD = "file"


def turned_away(request: Any) -> list[tuple[str, Refusal]]:
    """The names of the files that the door did not let in, with why; none where there was no multipart body."""
    door: Door | None = getattr(request, "upload_door", None)
    return door.turned_away if door else []


def expect(request: Any, conversation: Conversation) -> None:
    """Tells the door, before the body is read, which of the caller's conversations the files are for."""
    request._request.upload_conversation = conversation


class Door(FileUploadHandler):
    """Lets as many files through as there is room for, each up to the project's size; keeps the others' reasons."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.turned_away: list[tuple[str, Refusal]] = []
        self._let_in = 0
        if request is not None:
            request.upload_door = self  # type: ignore[attr-defined]

    @cached_property
    def _conversation_id(self) -> Any:
        """The conversation in the address; None on a route that takes no uploads."""
        match = self.request.resolver_match if self.request else None
        argument = ROUTES.get(match.url_name or "") if match else None
        return match.kwargs[argument] if match and argument else None

    @cached_property
    def _conversation(self) -> Conversation | None:
        """Where the files go, if the caller may put files there; asked when the first file begins.

        Whoever has found it already says so (`expect`).
        """
        known: Conversation | None = getattr(self.request, "upload_conversation", None)
        if known is not None:
            return known
        user = self.request.user if self.request else None
        if user is None or not user.is_authenticated:
            return None
        own = Conversation.objects.visible_to(user).select_related("project")
        return own.filter(pk=self._conversation_id).first()

    @cached_property
    def _room(self) -> int:
        return access.room(self._conversation) if self._conversation else 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 - Django's name
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]] | None:
        """Refuses a request whose body as a whole is too large, before any of it is read."""
        if self._conversation_id and content_length > settings.MAX_UPLOAD_REQUEST_BYTES:
            megabytes = settings.MAX_UPLOAD_REQUEST_BYTES // 1024**2
            sentence = f"A request may carry at most {megabytes} MB. Send the files one by one."
            raise Refusal("request_too_large", sentence, status=413)
        return None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """The chunk, for the next handler; or no more of this file."""
        if self._conversation_id is None:
            return raw_data
        if self._conversation is None or self.field_name != FIELD:
            raise SkipFile
        if start == 0:
            if self._let_in >= self._room:
                self._turn_away(access.too_many(self._conversation.project))
            self._let_in += 1
        if start + len(raw_data) > self._conversation.project.max_file_bytes:
            self._let_in -= 1
            self._turn_away(access.too_large(self._conversation.project))
        return raw_data

    def _turn_away(self, refusal: Refusal) -> None:
        # Not in new_file: Django closes the files of all handlers then, and theirs is still the one before.
        self.turned_away.append((clean_name(self.file_name or ""), refusal))
        raise SkipFile

    def file_complete(self, file_size: int) -> None:
        """The next handler has the file."""
