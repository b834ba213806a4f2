"""A bare component in deskbridge's place, for tests of what ejabberd lets through."""

from tests.support.dialogue import Dialogue
from tests.support.stream import XmlStream


class XmppComponent(Dialogue):
    """Connects as ``host``; ejabberd's listener gives it all of that listener's hosts. Stanzas need a ``from``."""

    def __init__(self, host: str, secret: str, port: int) -> None:
        super().__init__(host, port)
        self._secret = secret

    async def login(self) -> None:
        stream = await XmlStream.open(self._port)
        await stream.shake_hands(self.name, self._secret)
        self._listen(stream)
