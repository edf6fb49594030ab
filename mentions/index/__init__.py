"""Which saved artifacts a query may mean, by an index over the terms of their names: bounded, whatever the table holds.

engine().well(scope, query)     # what to select: ids, to be narrowed to what is visible
"""

from django.db import connection

from mentions.index import postgres, sqlite
from mentions.index.base import Engine

__all__ = ["engine"]


def engine() -> Engine:
    """The index of the database in use."""
    return postgres if connection.vendor == "postgresql" else sqlite
