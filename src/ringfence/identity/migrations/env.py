"""What Alembic runs to migrate the identities."""

from ringfence.database.migrations import run_migrations

run_migrations()
