"""What Alembic runs: it is always handed a connection, by `streamer.database` or by a test."""

from alembic import context

from streamer.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter most things in place
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
