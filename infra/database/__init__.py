"""One database, whatever keeps it: statements that SQLite and Postgres both understand."""

from infra.database.port import Away, Database, Keep, Place, Rows, Taken
from infra.database.postgres import NotMigrated, PostgresSchema
from infra.database.readers import Readers
from infra.database.sqlite import SqliteFile

__all__ = [
    "Away",
    "Database",
    "Keep",
    "NotMigrated",
    "Place",
    "PostgresSchema",
    "Readers",
    "Rows",
    "SqliteFile",
    "Taken",
]
