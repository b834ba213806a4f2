"""Digests of clients' ids: eight bytes that stand in an index instead of an id of any length."""

from hashlib import blake2b


def digest(client_id: str | None) -> int | None:
    """A number of 64 bits, with its sign; None of None. Two ids may have one, so what is found by it is compared."""
    if client_id is None:
        return None
    return int.from_bytes(blake2b(client_id.encode(), digest_size=8).digest(), "big", signed=True)
