"""What `make audit` asks of the packages and of a running site; bandit, which asks the code, is in scripts/audit.

pip-audit over every lock, and schemathesis against a site of its own with a token. Ends with 1 where something was
found. What could not be asked is said as "not checked", and ends with 2.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.site import ROOT, Person, let_programs_in, running_site

TOOLS = ROOT / ".audit-venv" / "bin"
EXAMPLES, SECONDS = 15, 120  # for each operation, and for all of them
# Checks of schemathesis that can't hold here, and why.
EXCLUDED = {
    "negative_data_rejection": "fields that nobody asked for are ignored; it takes some of them for bad input",
    "positive_data_acceptance": "a well-formed cursor, host or person that does not exist is answered by 400",
}


def packages() -> int:
    """Known holes in the packages of the locks, from PyPI's advisories."""
    worst = 0
    for lock in sorted([*ROOT.glob("*.lock"), *ROOT.glob("client/*.lock"), *ROOT.glob("tests/*.lock")]):
        command = [str(TOOLS / "pip-audit"), "--disable-pip", "--no-deps", "--format", "json"]
        command += ["--progress-spinner", "off", "--timeout", "10", "--requirement", str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        name = lock.relative_to(ROOT)
        try:
            asked = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            print(f"pip-audit: {name}: not checked: {lines[-1][:300]}")
            worst = max(worst, 2)
            continue
        unknown = [package for package in asked if "skip_reason" in package]
        holes = [(package, hole) for package in asked for hole in package.get("vulns", [])]
        for package, hole in holes:
            fixed = ", ".join(hole["fix_versions"]) or "nothing yet"
            print(
                f"pip-audit: {name}: {package['name']} {package['version']}: {hole['id']}, fixed in {fixed}"
            )
        print(f"pip-audit: {name}: {len(asked) - len(unknown)} packages checked, {len(holes)} known holes")
        if unknown:
            print(f"pip-audit: {name}: not checked: {len(unknown)} packages; {unknown[0]['skip_reason']}")
        # A hole that is known outweighs what could not be asked.
        worst = 1 if holes or worst == 1 else max(worst, 2 if unknown else 0)
    return worst


def known(person: Person, conversation: str, file_id: str) -> str:
    """The configuration of schemathesis: ids of what is there, so that requests come further than a 404.

    Deletions get ids that it makes up, or what follows would find nothing.
    """
    made = person.post(
        f"conversations/{conversation}/tool-results",
        json={"tool": "audit", "artifacts": [{"name": "People", "type": "table", "data": [{"name": "Ada"}]}]},
    )
    assert made.status_code == 201, made.text
    places = {
        "^/api/artifacts/": {"id": made.json()["artifacts"][0]["id"]},
        "^/api/conversations/": {"conversation_id": conversation, "file_id": file_id},
        "^/api/conversations/[^/]+$": {"id": conversation},
        "^/api/projects/": {"id": person.project, "project_id": person.project},
    }
    ids_by_path = "".join(
        f"[[operations]]\ninclude-path-regex = '{path}'\nexclude-method = 'DELETE'\n"
        "[operations.parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in ids.items())
        for path, ids in places.items()
    )
    # Somebody's own bytes may be JSON, which it then wants to be a string, as bytes are in a schema.
    bytes_of_any_type = (
        "[[operations]]\ninclude-path-regex = '/(data|definition|content|public)$'\n"
        "[operations.checks.response_schema_conformance]\nenabled = false\n"
    )
    return ids_by_path + bytes_of_any_type


def api(folder: Path) -> int:
    """Good and bad requests made from the OpenAPI schema, against a site that has something to lose."""
    with running_site(folder, API_RATE="1000000/min", PUBLIC_RATE="1000000/min") as site:
        person = site.person("alice")
        conversation = person.conversation("What schemathesis finds")
        upload = person.upload(conversation, "numbers.csv", b"a,b\n1,2\n")
        person.finished_upload(conversation, upload["fileId"])
        (folder / "schemathesis.toml").write_text(known(person, conversation, upload["fileId"]))
        command = [str(TOOLS / "schemathesis"), "run", f"{site.url}/api/schema", "--no-color"]
        command += [
            f"--header=Authorization: Bearer {person.token}",
            f"--exclude-checks={','.join(EXCLUDED)}",
        ]
        command += [f"--max-examples={EXAMPLES}", f"--max-time={SECONDS}", "--generation-deterministic"]
        command += ["--request-timeout=30", "--continue-on-failure"]
        done = subprocess.run(command, cwd=folder, check=False)
        if done.returncode:
            print(f"schemathesis: see above; what the site said meanwhile:\n{site.log.read_text()[-3000:]}")
        return 1 if done.returncode else 0


def main() -> int:
    print("--- pip-audit: known holes in the packages of the locks")
    found = packages()
    print("--- schemathesis: a running site", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        let_programs_in(folder)
        return max(api(folder), found, key=(0, 2, 1).index)


if __name__ == "__main__":
    sys.exit(main())
