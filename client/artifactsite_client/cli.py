"""The command line: `artifactsite push FILE --conversation ID` and its kin."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from artifactsite_client.calls import mention as mention_of
from artifactsite_client.errors import ArtifactsiteError, UploadFailedError
from artifactsite_client.outputs import file
from artifactsite_client.synchronous import Artifactsite

TYPES = ("all", "images", "html", "code", "files")
SCOPES = ("mine", "shared", "saved", "all")


class _Incomplete(Exception):
    """What was done of a command, and sentences on what was not."""

    def __init__(self, answer: Any, sentences: list[str]) -> None:
        super().__init__(*sentences)
        self.answer, self.sentences = answer, sentences


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 if it did all that it should, 1 if the server refused any of it, 2 if the arguments are
    wrong."""
    given = _parser().parse_args(arguments)
    missing: list[str] = []
    try:
        with Artifactsite(given.url, given.token) as site:
            answer = given.do(site, given)
    except _Incomplete as error:
        answer, missing = error.answer, error.sentences
    except (ArtifactsiteError, TimeoutError) as error:
        return _fail(str(error), 1)
    except httpx.HTTPError as error:
        return _fail(f"The site can't be reached: {error}", 1)
    except (ValueError, OSError) as error:
        return _fail(str(error), 2)
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False, indent=2) if given.json else _table(answer))
    return _fail("\nartifactsite: ".join(missing), 1) if missing else 0


def _fail(sentence: str, code: int) -> int:
    print(f"artifactsite: {sentence}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("artifactsite", description="Artifacts, uploads and mentions of a site.")
    parser.add_argument("--url", help="the site (default: $ARTIFACTSITE_URL)")
    parser.add_argument("--token", help="a personal token (default: $ARTIFACTSITE_TOKEN)")
    parser.add_argument("--json", action="store_true", help="print what the server answered")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    push = commands.add_parser("push", help="make files artifacts of a conversation")
    push.add_argument("files", nargs="+", type=Path, metavar="FILE")
    push.add_argument("--conversation", required=True)
    push.add_argument("--name", help="another name than the file's, for one file")
    push.set_defaults(do=_push)

    listing = commands.add_parser("ls", help="list artifacts")
    listing.add_argument("--q", help="words to look for")
    listing.add_argument("--type", choices=TYPES)
    listing.add_argument("--scope", choices=SCOPES)
    listing.add_argument("--conversation")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(do=_ls)

    get = commands.add_parser("get", help="download an artifact")
    get.add_argument("artifact")
    get.add_argument(
        "--output", "-o", type=Path, help="a file; without it the content goes to standard output"
    )
    get.add_argument("--format", help="as its kind offers: csv, xlsx, json, html, md")
    get.add_argument("--version", type=int)
    get.set_defaults(do=_get)

    save = commands.add_parser("save", help="take an artifact into the library")
    save.add_argument("artifact")
    save.add_argument("--name", default="")
    save.add_argument("--description", default="")
    save.add_argument("--share", action="store_true", help="with the whole project")
    save.set_defaults(do=_save)

    mention = commands.add_parser("mention", help="post a message that mentions an artifact")
    mention.add_argument("artifact")
    mention.add_argument("--conversation", required=True)
    mention.add_argument("--text", default="", help="what is said before the mention")
    mention.add_argument("--respond", action="store_true", help="have the site's agent answer, and print it")
    mention.set_defaults(do=_mention)

    upload = commands.add_parser("upload", help="attach files to a conversation")
    upload.add_argument("files", nargs="+", type=Path, metavar="FILE")
    upload.add_argument("--conversation", required=True)
    upload.add_argument("--wait", action="store_true", help="until their text is there")
    upload.set_defaults(do=_upload)

    conversations = commands.add_parser("conversations", help="list conversations, or start one")
    conversations.add_argument("--new", metavar="TITLE")
    conversations.add_argument("--project", help="of a new one; needed where you are in several")
    conversations.set_defaults(do=_conversations)
    return parser


def _table(rows: Any) -> str:
    """Rows as columns: one line each, the first column an id that other commands take."""
    lines = [[str(cell) for cell in row.values()] for row in (rows if isinstance(rows, list) else [rows])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))] if lines else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _row(artifact: Any) -> dict[str, Any]:
    return {name: artifact[name] for name in ("id", "type", "version", "size", "updated_at", "name")}


def _push(site: Artifactsite, given: argparse.Namespace) -> Any:
    if given.name and len(given.files) > 1:
        raise ValueError("--name goes with one file")
    outputs = [file(path, given.name or "") for path in given.files]
    made = site.deliver(given.conversation, "artifactsite push", outputs)
    return [_row(artifact) for artifact in made["artifacts"]]


def _ls(site: Artifactsite, given: argparse.Namespace) -> Any:
    found = site.artifacts(
        scope=given.scope,
        type=given.type,
        q=given.q,
        conversation=given.conversation,
        size=min(given.limit, 100),
    )
    return [_row(artifact) for _, artifact in zip(range(given.limit), found, strict=False)]


def _get(site: Artifactsite, given: argparse.Namespace) -> Any:
    wanted = {"format": given.format, "version": given.version}
    site.download(given.artifact, given.output or sys.stdout.buffer, **wanted)


def _save(site: Artifactsite, given: argparse.Namespace) -> Any:
    visibility = "project" if given.share else "private"
    return _row(
        site.save(given.artifact, name=given.name, description=given.description, visibility=visibility)
    )


def _mention(site: Artifactsite, given: argparse.Namespace) -> Any:
    artifact = site.artifact(given.artifact)
    body = f"{given.text} {mention_of(artifact['name'], artifact['id'])}".strip()
    message = site.post_message(given.conversation, body, respond=given.respond)
    if given.respond and message["turn"]:
        failures = []
        for event in site.events(message["turn"]):
            if event["type"] == "delta" and "call" not in event["data"]:
                print(event["data"]["text"], end="", flush=True)
            elif event["type"] == "error":
                failures.append(f"{event['data']['detail']} ({event['data']['code']})")
        print()
        if failures:
            raise _Incomplete(None, failures)
        return None
    return {"id": message["id"], "body": message["body"]}


def _upload(site: Artifactsite, given: argparse.Namespace) -> Any:
    received = site.upload(given.conversation, *given.files)
    missing = [f"{rejected['filename']}: {rejected['reason']}" for rejected in received["rejected"]]
    uploads = received["accepted"]
    for upload in uploads if given.wait else ():
        try:
            upload.update(site.wait_for_upload(given.conversation, upload["fileId"]))
        except UploadFailedError as error:
            upload["status"] = "failed"
            missing.append(f"{upload['filename']}: {error}")
    rows = [{name: upload[name] for name in ("fileId", "status", "size", "filename")} for upload in uploads]
    if missing:
        raise _Incomplete(rows, missing)
    return rows


def _conversations(site: Artifactsite, given: argparse.Namespace) -> Any:
    if given.new is None:
        found = [conversation for _, conversation in zip(range(50), site.conversations(), strict=False)]
    else:
        projects = [given.project] if given.project else [project["id"] for project in site.projects()]
        if len(projects) != 1:
            raise ValueError("Give --project: you are a member of several projects, or of none.")
        found = [site.create_conversation(projects[0], given.new)]
    return [
        {"id": conversation["id"], "updated_at": conversation["updated_at"], "title": conversation["title"]}
        for conversation in found
    ]


if __name__ == "__main__":
    sys.exit(main())
