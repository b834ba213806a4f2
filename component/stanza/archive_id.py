"""Archive ids as clients see them: ``INSTANCE-NUMBER-ROLE``, for example ``7f3a-1042-r``.

One message is one row, but it lies in the archives of both its sender and its receiver. The role keeps the
two ids apart, as some clients keep ids unique over all the accounts they serve; the instance keeps those of
a fresh database from meeting those of an old one.
"""

from enum import StrEnum


class Role(StrEnum):
    """Whose copy of the message it is."""

    SENDER = "s"
    RECEIVER = "r"


def archive_id(instance: str, number: int, role: Role) -> str:
    return f"{instance}-{number}-{role.value}"


def parse(instance: str, id: str) -> tuple[int, Role] | None:
    """The number and role in an id of ours; None for anything else."""
    prefix, _, rest = id.partition("-")
    number, _, role = rest.partition("-")
    if prefix != instance or not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    try:
        return int(number), Role(role)
    except ValueError:
        return None
