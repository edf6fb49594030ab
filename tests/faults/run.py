"""`make faults`: injects every fault for real, against processes and engines of its own, and prints the account.

python -m tests.faults.run                 every fault; what an earlier run finished is not repeated
python -m tests.faults.run kills redis     those faults
python -m tests.faults.run --fresh         from the beginning
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.faults import (
    broker,
    database,
    full_disk,
    ledger,
    load,
    poison,
    test_killed_extraction,
    writers,
    writes,
)
from tests.faults.ledger import Account


@dataclass(frozen=True)
class Fault:
    """`batches` runs of `inject`, which is given a seed and an account to fill."""

    title: str
    inject: Callable[[int, Account], None]
    batches: int = 1


FAULTS = {
    "kills": Fault("44 kill -9 during extraction", test_killed_extraction.inject, 8),
    "disk-kills": Fault("45 writes to a disk: kills", writes.inject_kills),
    **{
        f"bucket-{number}": Fault(f"45 bucket: {what}", partial(writes.inject_bucket, what))
        for number, what in enumerate(writes.BUCKET, 1)
    },
    "redis": Fault("46 Redis gone, 500 queued", broker.inject),
    "postgres": Fault("47 PostgreSQL gone under load", database.inject),
    "disk": Fault("48 the disk is full", full_disk.inject),
    "poison": Fault("49 a file that kills its worker", poison.inject),
    "sqlite": Fault("50 SQLite with ten writers", writers.inject),
    "load": Fault("51 50 users, 10,000 artifacts", load.inject),
    "downloads": Fault("52 ten downloads of 1 GB", load.download_inject),
}


def run(fault: Fault) -> None:
    begun = len([account for account in ledger.kept() if account.fault == fault.title])
    for batch in range(begun, fault.batches):
        account = Account(fault.title)
        seed = time.time_ns() % 1_000_000
        try:
            fault.inject(seed, account)
        except Exception as error:  # noqa: BLE001 - whatever broke a promise belongs into the account
            account.failure = f"seed {seed}: {type(error).__name__}: {error}"[:2000]
        ledger.keep(account)
        print(
            f"{fault.title}: {batch + 1} of {fault.batches}{' FAILED' if account.failure else ''}", flush=True
        )


def main(arguments: list[str]) -> int:
    if "--fresh" in arguments:
        ledger.PATH.unlink(missing_ok=True)
    names = [name for name in arguments if not name.startswith("--")] or list(FAULTS)
    for name in names:
        run(FAULTS[name])
    accounts = ledger.kept()
    print("\n".join(ledger.table(accounts)))
    return int(any(account.failure or account.lost or account.doubled for account in accounts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
