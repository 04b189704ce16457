"""Recognises a database that can be read but not written: its disk is full, or it is a replica."""

from django.db import DatabaseError
from psycopg import errors as postgres


def takes_nothing(error: DatabaseError) -> bool:
    return isinstance(error.__cause__, postgres.DiskFull | postgres.ReadOnlySqlTransaction)
