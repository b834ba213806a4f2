"""Archive ids as clients see them: 32 hexadecimal digits that tell nothing and cannot be made up.

Messages are numbered through, all tenants together, so a number would tell how much others write (AD4), and the next
one could be guessed, which XEP-0313 §3 forbids. An id is one AES block: the number, whose copy it is, and zeros
that prove that it is ours. One message is one row, but lies in the archives of both its sender and its receiver; each
copy has an id of its own, as some clients keep ids unique over all the accounts they serve.
"""

from enum import IntEnum

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES = 16
_NUMBER_BYTES = 8
_PROOF = bytes(7)


class Role(IntEnum):
    """Whose copy of the message it is.

    Those after the first two are in no archive of ours. They name stanzas for others who see the chat: a copy, that the
    message was withdrawn, and lines around it; the number of ``ENDING`` is that of the conversation.
    """

    SENDER = 0
    RECEIVER = 1
    COPY = 2
    WITHDRAWN = 3
    OPENING = 4
    NOTICE = 5
    ENDING = 6
    ORIGINAL = 7


_ENDS = tuple(bytes((role,)) + _PROOF for role in Role)


class ArchiveIds:
    """Numbers to ids and back, under the ``key`` of one database, 16 bytes."""

    def __init__(self, key: bytes) -> None:
        # A block each and never two alike: what ECB is for.
        cipher = Cipher(AES(key), ECB())
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update

    def id(self, number: int, role: Role) -> str:
        return self._encrypt(number.to_bytes(_NUMBER_BYTES) + _ENDS[role]).hex()

    def parse(self, id: str) -> tuple[int, Role] | None:
        """The number and role in an id of ours; None for anything else."""
        try:
            block = bytes.fromhex(id)
        except ValueError:
            return None
        if len(block) != KEY_BYTES or block.hex() != id:
            return None
        plain = self._decrypt(block)
        if plain[_NUMBER_BYTES + 1 :] != _PROOF or plain[_NUMBER_BYTES] not in list(Role):
            return None
        return int.from_bytes(plain[:_NUMBER_BYTES]), Role(plain[_NUMBER_BYTES])
