"""What Work users lately said of files, for the messages that say more of them (XEP-0447 §3.3).

Some clients tell of a file first, and send its address once it is uploaded. Others send a message with several files,
and then the address of each one again, for old clients.
"""

from collections import OrderedDict

from component.outgoing.message_stanzas import origin_id
from component.policy.attachments import described
from component.policy.elements import ATTACH_TO
from component.policy.file_descriptions import File

from ..incoming import Incoming

_MOST = 2_000
_MOST_CHARS = 4_000


class Announced:
    """Bounded, and forgotten by a restart: then a file goes by the name in its address, or is told of twice."""

    def __init__(self) -> None:
        self._said: OrderedDict[tuple[str, str, str], tuple[File, ...]] = OrderedDict()

    def remember(self, message: Incoming) -> None:
        """Note what a message that was not refused says of files."""
        id = origin_id(message.element) or message.element.get("id") or ""
        files = described(message.facts)
        chars = len(id) + sum(len(file.name) + len(file.description) + sum(map(len, file.keys)) for file in files)
        if not id or chars > _MOST_CHARS:
            return
        self._said[message.account, message.address, id] = files
        if len(self._said) > _MOST:
            self._said.popitem(last=False)

    def before(self, message: Incoming) -> tuple[File, ...]:
        """What the sender said of files in the message that this one adds to."""
        if not message.facts.has_files:
            return ()
        target = message.element.find(ATTACH_TO)
        id = "" if target is None else target.get("id", "")
        return self._said.get((message.account, message.address, id), ())
