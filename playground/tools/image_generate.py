"""Makes pictures by an OpenAI-compatible images endpoint, where one is configured."""

import base64
import binascii
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from artifacts.kinds.file import KIND as FILE
from artifacts.services import output_name
from artifactsite.lib.errors import Refusal
from playground.tools.base import ToolCall, ToolResult

SECONDS = 180  # a picture takes its time
TICK = 0.2
LARGEST_ANSWER = 64 * 1024 * 1024
CODE = "image_failed"


class ImageGenerate:
    name = "image_generate"
    description = "Make pictures from a description. Each becomes an artifact."
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "minLength": 1, "maxLength": 32_000},
            "name": {
                "type": "string",
                "maxLength": 200,
                "description": "The artifact's name, such as logo.png.",
            },
            "size": {"type": "string", "pattern": r"^(auto|\d{2,4}x\d{2,4})$"},
            "count": {"type": "integer", "minimum": 1, "maximum": 4},
        },
        "required": ["prompt"],
    }

    def is_offered(self) -> bool:
        return bool(settings.IMAGES_BASE_URL and settings.IMAGES_MODEL)

    def call(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        if not self.is_offered():
            return ToolResult("No images endpoint is connected to this site.", is_error=True, error_code=CODE)
        began = time.monotonic()
        try:
            pictures = _pictures(_while_wanted(arguments, call.cancelled))
            contents = [
                FILE.from_file(_name(arguments, number, len(pictures)), ContentFile(picture))
                for number, picture in enumerate(pictures, start=1)
            ]
        except _Cancelled:
            return ToolResult("This was cancelled.", is_error=True, error_code="cancelled")
        except _Failed as error:
            return ToolResult(str(error), is_error=True, error_code=CODE)
        except Refusal as refusal:
            return ToolResult(refusal.detail, is_error=True, error_code=refusal.code)
        usage = {"wall_seconds": round(time.monotonic() - began, 3)}
        return ToolResult(f"Made {len(contents)} pictures.", artifacts=contents, usage=usage)


class _Failed(Exception):
    pass


class _Cancelled(Exception):
    pass


def _while_wanted(arguments: dict[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
    """The endpoint's answer. A thread waits for it, so that a cancelled turn need not."""
    answers: queue.SimpleQueue[dict[str, Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_ask(arguments))
        except Exception as error:  # noqa: BLE001 - whatever it was, the waiting thread raises it
            answers.put(error)

    threading.Thread(target=ask, name="image-request", daemon=True).start()
    while not cancelled():
        with suppress(queue.Empty):
            answer = answers.get(timeout=TICK)
            if isinstance(answer, Exception):
                raise answer
            return answer
    raise _Cancelled


def _ask(arguments: dict[str, Any]) -> dict[str, Any]:
    import httpx  # only workers need it

    body = {"model": settings.IMAGES_MODEL, "prompt": arguments["prompt"], "n": arguments.get("count", 1)}
    if "size" in arguments:
        body["size"] = arguments["size"]
    headers = {"Authorization": f"Bearer {settings.IMAGES_API_KEY}"} if settings.IMAGES_API_KEY else {}
    address = f"{settings.IMAGES_BASE_URL}/images/generations"
    try:
        # Some endpoints answer with addresses unless asked for the bytes, others refuse to be asked.
        for extra in ({"response_format": "b64_json"}, {}):
            answer = httpx.post(address, json={**body, **extra}, headers=headers, timeout=SECONDS)
            if answer.status_code != 400:
                break
        if answer.status_code != 200:
            raise _Failed(f"The images endpoint answered {answer.status_code}.")
        if len(answer.content) > LARGEST_ANSWER:
            raise _Failed("The images endpoint sent more than this site takes.")
        found: dict[str, Any] = answer.json()
    except httpx.HTTPError as error:
        raise _Failed(f"The images endpoint can't be reached ({type(error).__name__}).") from error
    except ValueError as error:
        raise _Failed("The images endpoint sent no JSON.") from error
    return found


def _pictures(answer: dict[str, Any]) -> list[bytes]:
    try:
        return [base64.b64decode(item["b64_json"], validate=True) for item in answer["data"]]
    except (KeyError, TypeError, binascii.Error) as error:
        raise _Failed("The images endpoint sent no pictures.") from error


def _name(arguments: dict[str, Any], number: int, count: int) -> str:
    name = output_name(arguments.get("name") or "picture.png")
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, extension) if dot else (name, "png")
    return f"{stem}.{extension}" if count == 1 else f"{stem}-{number}.{extension}"
