"""Runs the migrations on the connection that ``upgrade`` hands over, each in a transaction."""

from alembic import context

from component.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
