"""What can go wrong with the store."""


class StoreError(Exception):
    """The store could not do it: disk full, locked, I/O, closed. A later attempt may succeed.

    The text is for logs and operators, never for users (R4); it holds nothing of what was to be stored.
    """


class StoreBusy(StoreError):
    """Another process has been writing all the time that could be waited."""


class StoreInUse(StoreError):
    """Another process serves from the database; ``first`` says in one line which, if it is known."""

    def __init__(self, first: str) -> None:
        self.first = first or "another process"
        super().__init__(f"deskbridge runs on it already: {self.first}; end that one first")


class LeaseLost(StoreError):
    """Another process has taken over the database; this one may do nothing more."""


class ChangeRefused(StoreError):
    """These changes can never be stored as they are: they break a rule of the tables."""


class SchemaTooNew(StoreError):
    """A later version of deskbridge has written this database; this one must not touch it."""
