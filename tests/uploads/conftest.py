"""Fixtures of this folder's tests."""

from tests.parallel import shared_database as shared_database
