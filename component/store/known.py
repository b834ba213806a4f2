"""What the writer caches of what it has written, so that it need not read it for each batch."""

from sqlalchemy import Connection

from .accounts import Accounts
from .numbering import CONVERSATIONS, HISTORIES, Lengths, RisingTime, latest_time


class Known:
    """Numbers of accounts, last numbers of sequences, the newest message's time."""

    def __init__(self, connection: Connection) -> None:
        self.accounts = Accounts()
        self.conversations = Lengths(CONVERSATIONS)
        self.histories = Lengths(HISTORIES)
        self.time = RisingTime(latest_time(connection))

    def forget(self) -> None:
        """After a rollback: what was new in it is void."""
        self.accounts.forget()
        self.conversations.forget()
        self.histories.forget()
