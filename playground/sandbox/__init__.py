"""Runs untrusted Python programs: see run_program. Knows nothing of Django or of the site."""

from .check import check
from .model import (
    Exit,
    Fetcher,
    FetchResponse,
    InputFile,
    Limits,
    OutputFile,
    OutputValue,
    ProgramError,
    RunResult,
    SandboxCheck,
    SandboxReport,
    SandboxUnavailable,
    ValueType,
)
from .run import remove_leftovers, run_program

__all__ = [
    "Exit",
    "FetchResponse",
    "Fetcher",
    "InputFile",
    "Limits",
    "OutputFile",
    "OutputValue",
    "ProgramError",
    "RunResult",
    "SandboxCheck",
    "SandboxReport",
    "SandboxUnavailable",
    "ValueType",
    "check",
    "remove_leftovers",
    "run_program",
]
