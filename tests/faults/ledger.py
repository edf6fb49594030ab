"""The account of faults: what was injected, how often, what was acknowledged, lost and doubled.

One line of JSON for each finished batch, so that a broken-off `make faults` goes on where it stopped.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path(os.environ.get("FAULTS_LEDGER", Path(__file__).resolve().parents[2] / ".data" / "faults.jsonl"))


@dataclass
class Account:
    """What happened in one batch. `failure` is what broke a promise, in words; empty where nothing did."""

    fault: str
    injected: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    slowest: float = 0.0
    notes: list[str] = field(default_factory=list)
    failure: str = ""

    def took(self, seconds: float) -> None:
        self.slowest = max(self.slowest, seconds)


def keep(account: Account) -> None:
    PATH.parent.mkdir(parents=True, exist_ok=True)
    with PATH.open("a") as file:
        file.write(json.dumps(vars(account)) + "\n")


def kept() -> list[Account]:
    if not PATH.exists():
        return []
    rows = [json.loads(line) for line in PATH.read_text().splitlines()]
    return [Account(**{**row, "injected": Counter(row["injected"])}) for row in rows]


def table(accounts: list[Account]) -> Iterator[str]:
    """One line a fault, its batches added up."""
    yield f"{'fault':34}{'acknowledged':>13}{'lost':>6}{'doubled':>9}{'slowest s':>11}  injected"
    for fault in dict.fromkeys(account.fault for account in accounts):
        batches = [account for account in accounts if account.fault == fault]
        injected = sum((batch.injected for batch in batches), Counter[str]())
        said = ", ".join(f"{what} × {count}" for what, count in injected.most_common())
        yield (
            f"{fault:34}{sum(batch.acknowledged for batch in batches):13}{sum(batch.lost for batch in batches):6}"
            f"{sum(batch.doubled for batch in batches):9}{max(batch.slowest for batch in batches):11.1f}  {said}"
        )
        for batch in batches:
            yield from (f"    {note}" for note in batch.notes)
            if batch.failure:
                yield f"    FAILED: {batch.failure}"
