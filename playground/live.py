"""A turn while it works, as its page shows it: events in, changes of the page out (js/turns.js applies them).

All HTML is made here, by the same templates and the same sanitised Markdown as in the finished turn. An answer is
shown block by block: what is complete is sent once, the block that still grows is sent again as it grows.
"""

import re
import time
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts.models import User
from artifactsite.lib import markdown
from conversations.models import Message
from mentions.resolve import html_of
from playground import pages
from playground.models import Turn, TurnEvent
from playground.serializers import with_everything

Change = dict[str, Any]

STATES = {"queued": "Waiting for a worker", "running": "Working"}
PROGRAM = "program"
# The end of an answer of which nobody can say yet what it becomes: half a mention, the marks that begin a list or
# underline a heading. It waits for what follows.
_UNSURE = re.compile(r"@(\[[^\]\n]*(\](\([^)\n]*)?)?)?$|(?:^|\n)[ \t]*(?:[-=*+_#>`~|:. ]+|\d{1,9}[.)]?)$")
LONGEST_UNSURE = 800  # characters
MOST_OUTPUT = 200_000  # characters of a program's output
# Changes are told again after so many times the work that the last ones took, and no faster than at this rate.
REST, BYTES_A_SECOND = 4, 200_000


@dataclass
class Answer:
    """A text that comes in: its complete blocks are settled, the rest may still change."""

    open: str = ""
    settled: int = 0
    sent: str | None = None  # the open block as it was sent last

    def changes(self, part: str, reader: User) -> list[Change]:
        """The blocks that changed since the last time."""
        edge = max(0, len(self.open) - LONGEST_UNSURE)
        sure = self.open[:edge] + _UNSURE.sub("", self.open[edge:])
        *complete, last = markdown.blocks(sure) or [""]
        changes = []
        for source in (*complete, last):
            if source != self.sent:
                html = str(html_of(source, reader))
                changes.append({"do": "block", "part": part, "index": self.settled, "html": html})
            self.settled, self.sent = self.settled + 1, None
        self.settled, self.sent = self.settled - 1, last
        self.open = self.open[sum(map(len, complete)) :]
        return changes


@dataclass
class Part:
    """A step of a turn: an answer of the model's, or a call of a tool."""

    tool: str = ""
    given: str = ""
    answer: Answer = field(default_factory=Answer)
    output: str = ""
    shown: bool = False
    message: str = ""  # what it became once it was whole
    settled: bool = False  # and that the page has it


class Live:
    """One reader's view of an open turn. `feed` it every event in order, then ask for `changes`."""

    def __init__(self, request: HttpRequest, user: User, turn: Turn) -> None:
        self.request, self.user, self.turn = request, user, turn
        self.parts: dict[str, Part] = {}
        self.dropped: list[str] = []
        self.status = self.said = ""
        self.not_before = 0.0

    # --- events in ----------------------------------------------------------------------------------

    def feed(self, event: TurnEvent) -> None:
        data = event.data
        match event.type:
            case "status":
                self._on_status(data)
            case "delta" if "step" in data:
                self._part(f"step-{data['step']}").answer.open += data["text"]
            case "delta":
                part = self._part(self._call(data.get("call")))
                part.output = (part.output + data["text"])[-MOST_OUTPUT:]
            case "tool_call":
                part = self._part(self._call(data["id"]))
                part.tool, part.given = data["tool"], pages.readable(data["arguments"])
                self.status = f"Running {data['tool']}"
            case "tool_result":
                self._part(self._call(data.get("id"))).message = data["message"]
                self.status = STATES["running"]
            case "message":
                self._part(f"step-{data['step']}").message = data["message"]

    def _on_status(self, data: dict[str, Any]) -> None:
        self.status = STATES.get(data["status"], data["status"])
        if data.get("resumed"):
            # Another worker goes on behind what was recorded; what had only begun begins anew. Calls are made again
            # without being announced again.
            begun = {name: part for name, part in self.parts.items() if not part.message}
            self._drop(list(begun))
            for name, part in begun.items():
                if part.given:
                    self.parts[name] = Part(tool=part.tool, given=part.given)
            self.status = "Going on after an interruption"
        elif data.get("attempt", 1) > 1:
            self._drop([f"step-{data['step']}"])
            self.status = "Asking the model again"

    @staticmethod
    def _call(name: str | None) -> str:
        return f"call-{name}" if name else PROGRAM

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            self.parts[name] = Part(tool="python_exec" if name == PROGRAM else "")
        return self.parts[name]

    def _drop(self, names: list[str]) -> None:
        for name in names:
            part = self.parts.pop(name, None)
            if part is not None and part.shown:
                self.dropped.append(name)

    # --- changes out --------------------------------------------------------------------------------

    def changes(self, *, at_once: bool = False) -> list[Change]:
        """What to change on the page since the last time; nothing while the rest after the last changes lasts."""
        began = time.monotonic()
        if began < self.not_before and not at_once:
            return []
        changes: list[Change] = [{"do": "drop", "part": name} for name in self.dropped]
        self.dropped = []
        for name, part in self.parts.items():
            changes += self._of_part(name, part)
        if self.status != self.said:
            changes.append({"do": "status", "text": self.status})
            self.said = self.status
        weight = sum(len(change.get("html", "")) for change in changes)
        self.not_before = began + max(REST * (time.monotonic() - began), weight / BYTES_A_SECOND)
        return changes

    def _of_part(self, name: str, part: Part) -> list[Change]:
        if part.settled:
            return []
        if part.message:
            part.settled = True
            return [self._became(name, part.message)]
        changes: list[Change] = []
        if not part.shown:
            part.shown = True
            changes.append({"do": "part", "part": name, "html": self._shell(name, part)})
        if name.startswith("step-"):
            changes += part.answer.changes(name, self.user)
        elif part.output:
            changes.append({"do": "output", "part": name, "text": part.output})
            part.output = ""
        return changes

    def _shell(self, name: str, part: Part) -> str:
        context = {"name": name, "part": part, "open": name == PROGRAM}
        template = "live_answer" if name.startswith("step-") else "live_call"
        return render_to_string(f"conversations/{template}.html", context, self.request)

    def _became(self, name: str, message: str) -> Change:
        mine = Message.objects.visible_to(self.user).filter(pk=message)
        found = with_everything(mine, self.user).first()
        html = ""
        if found is not None:
            context = {"line": pages.line_of(self.user, found), "entry": {"turn": self.turn}}
            html = render_to_string("conversations/message.html", context, self.request)
        return {"do": "message", "part": name, "message": message, "html": html}
