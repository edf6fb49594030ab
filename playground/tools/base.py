"""What a tool is: something a turn can call, whose result is content plus artifacts."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

from accounts.models import User
from artifacts.kinds import Content
from conversations.models import ContentType, Conversation


@dataclass
class ToolResult:
    """`content` for whoever called, and outputs that become artifacts as a side effect."""

    content: str
    content_type: str = ContentType.TEXT
    artifacts: list[Content] = field(default_factory=list)
    is_error: bool = False
    error_code: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    # Called in the transaction that records the result: what the tool keeps beside its artifacts.
    keep: Callable[[], None] | None = None


@dataclass
class ToolCall:
    """Where a tool works: whose rights it has, in which conversation, and how it tells what it does.

    Whatever a result's artifacts need until they are stored is registered with `resources`.
    """

    user: User
    conversation: Conversation
    resources: ExitStack
    on_output: Callable[[str], None]
    cancelled: Callable[[], bool]


class Tool(Protocol):
    """A tool: one file, one entry in settings.PLAYGROUND_TOOLS, in this app or in any other."""

    name: str  # letters, digits, _ and -, at most 64
    description: str  # for the model
    parameters: dict[str, Any]  # a JSON schema; arguments were checked against it when `call` sees them

    def is_offered(self) -> bool:
        """Whether this site has what the tool needs, so that an agent is told of it."""

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        """Does the work. A fault of the caller's is a result with is_error; raising is for faults of ours."""
