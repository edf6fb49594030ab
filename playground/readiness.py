"""Whether programs can run here, found out by running a probe, once in a while."""

import time

from playground.sandbox import SandboxReport, SandboxUnavailable, check

_EVERY = 300.0  # seconds
_last: tuple[float, SandboxReport] | None = None


def sandbox_report() -> SandboxReport:
    """The newest report, at most five minutes old."""
    global _last
    if _last is None or time.monotonic() - _last[0] > _EVERY:
        _last = (time.monotonic(), check())
    return _last[1]


def sandbox_state() -> str:
    """One line for readyz; raises where programs would be refused."""
    report = sandbox_report()
    if not report.ok:
        raise SandboxUnavailable(next(item.detail for item in report.checks if not item.ok))
    return f"{len(report.checks)} checks passed"
