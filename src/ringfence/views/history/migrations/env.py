"""What Alembic runs to migrate the history."""

from ringfence.database.migrations import run_migrations

run_migrations()
