"""Reads an archive with nbxmpp, the way Gajim does after a log-in, and prints what it would show.

For the python3 that Debian's python3-nbxmpp belongs to: ``nbxmpp_history.py JID PASSWORD PORT MAX [AFTER]``. The answer
is one line of JSON: the messages, and the archive id to go on from the next time.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

from gi.repository import GLib
from nbxmpp.client import Client
from nbxmpp.const import ConnectionProtocol, ConnectionType
from nbxmpp.protocol import JID
from nbxmpp.structs import StanzaHandler

SECONDS = 20


class History:
    def __init__(self, jid: str, password: str, port: str, most: str, after: str = "") -> None:
        self._jid = JID.from_string(jid)
        self._most = int(most)
        self._after = after or None
        # Gajim asks a new account for the last week only.
        self._start = None if after else datetime.now(UTC) - timedelta(days=7)
        self._queryid = ""
        self._shown: list[dict[str, str]] = []
        self._complete = False
        self._client = Client(log_context="test")
        self._client.set_username(self._jid.localpart)
        self._client.set_domain(self._jid.domain)
        self._client.set_password(password)
        self._client.set_resource("nbxmpp")
        self._client.set_custom_host(f"127.0.0.1:{port}", ConnectionProtocol.TCP, ConnectionType.PLAIN)
        self._client.subscribe("connected", self._on_connected)
        self._client.register_handler(StanzaHandler(name="message", callback=self._on_message, priority=51))
        self._loop = GLib.MainLoop()

    def read(self) -> dict[str, object]:
        """What would be shown, and the id to go on from."""
        GLib.timeout_add_seconds(SECONDS, self._loop.quit)
        self._client.connect()
        self._loop.run()
        return {"shown": self._shown, "last": self._after, "complete": self._complete}

    def _on_connected(self, *_: object) -> None:
        self._ask()

    def _ask(self) -> None:
        """The next page of everything, forwards."""
        self._queryid = f"q{len(self._shown)}"
        self._client.get_module("MAM").make_query(
            self._jid, self._queryid, start=self._start, after=self._after, max_=self._most, callback=self._on_page
        )

    def _on_page(self, task: object) -> None:
        page = task.finish()  # raises what the server, or nbxmpp itself, has against it
        self._after = page.rsm.last or self._after
        self._complete = page.complete
        if page.complete:
            self._loop.quit()
        else:
            self._ask()

    def _on_message(self, _client: object, _stanza: object, properties: object) -> None:
        """Gajim shows what answers its own query, by its own archive, and has an id and a time."""
        if not properties.is_mam_message:
            return
        mam = properties.mam
        if mam.query_id != self._queryid or mam.archive != self._jid:
            return
        self._shown.append(
            {
                "id": mam.id,
                "body": properties.body,
                "with": str(properties.jid.new_as_bare()),
                "timestamp": mam.timestamp,
                "stanza_id": properties.id,
            }
        )


if __name__ == "__main__":
    print(json.dumps(History(*sys.argv[1:]).read()))
