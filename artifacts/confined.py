"""The confined processes that read what artifacts contain; never used by the web process's own threads of work."""

from uploads.extraction import ExtractionPool

# One document at a time: uploads, which somebody waits for, have a pool of their own.
pool = ExtractionPool(parallel=1)
# Large tables take minutes; what somebody looks at must not wait behind them.
tables = ExtractionPool(parallel=1)
