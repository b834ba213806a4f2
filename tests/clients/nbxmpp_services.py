"""Looks at a service and a face with nbxmpp, the way Gajim does, and prints what it would show.

For the python3 that Debian's python3-nbxmpp belongs to: ``nbxmpp_services.py JID PASSWORD PORT SERVICE FACE NAME``.
NAME is looked for by search and command. The answer is one line of JSON.
"""

import json
import sys
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from gi.repository import GLib
from nbxmpp.client import Client
from nbxmpp.const import AdHocAction, ConnectionProtocol, ConnectionType
from nbxmpp.modules.dataforms import extend_form
from nbxmpp.namespaces import Namespace
from nbxmpp.protocol import JID, Iq
from nbxmpp.util import compute_caps_hash

SECONDS = 20

Step = Callable[..., Any]
"""What asks the server something, given the ``callback`` for the answer."""


class Look:
    def __init__(self, jid: str, password: str, port: str, service: str, face: str, name: str) -> None:
        self._service = JID.from_string(service)
        self._face = JID.from_string(face)
        self._name = name
        self._seen: dict[str, Any] = {}
        account = JID.from_string(jid)
        self._client = Client(log_context="test")
        self._client.set_username(account.localpart)
        self._client.set_domain(account.domain)
        self._client.set_password(password)
        self._client.set_resource("nbxmpp")
        self._client.set_custom_host(f"127.0.0.1:{port}", ConnectionProtocol.TCP, ConnectionType.PLAIN)
        self._client.subscribe("connected", self._on_connected)
        self._client.subscribe("disconnected", lambda *_: self._loop.quit())
        self._loop = GLib.MainLoop()
        self._steps = self._all()

    def look(self) -> dict[str, Any]:
        GLib.timeout_add_seconds(SECONDS, self._loop.quit)
        self._client.connect()
        self._loop.run()
        return self._seen

    def _on_connected(self, *_: object) -> None:
        self._go_on(None)

    def _go_on(self, answer: Any) -> None:
        try:
            self._steps.send(answer)(callback=self._answered)
        except StopIteration:
            self._client.disconnect()  # or the server would wait for it to resume

    def _answered(self, task: Any) -> None:
        """What nbxmpp makes of the answer; it raises what it has against it."""
        try:
            answer = task.finish()
        except Exception as problem:
            self._seen["problem"] = repr(problem)
            self._client.disconnect()
        else:
            self._go_on(answer)

    def _call(self, module: str, method: str, *arguments: Any, **more: Any) -> Step:
        return partial(getattr(self._client.get_module(module), method), *arguments, **more)

    # What is looked at

    def _all(self) -> Generator[Step, Any, None]:
        yield from self._discovery()
        yield from self._cards()
        yield from self._commands()
        yield from self._search()

    def _discovery(self) -> Generator[Step, Any, None]:
        info = yield self._call("Discovery", "disco_info", self._service)
        self._seen["service"] = {"gateway": info.is_gateway, "muc": info.is_muc, "features": sorted(info.features)}
        self._seen["register"] = info.supports(Namespace.REGISTER)
        full = JID.from_string(f"{self._face}/deskbridge")
        info = yield self._call("Discovery", "disco_info", full)
        # As Gajim compares it with what it finds in presence.
        self._seen["hash"] = compute_caps_hash(info, compare=False)
        self._seen["face"] = sorted(info.features)

    def _cards(self) -> Generator[Step, Any, None]:
        card = yield self._call("VCardTemp", "request_vcard", self._face)
        _, sha1 = card.get_avatar() if card.data.get("PHOTO") else (None, None)
        self._seen["card"] = {"name": card.data.get("FN"), "title": card.data.get("TITLE"), "sha1": sha1}
        card = yield self._call("VCard4", "request_vcard", self._face)
        self._seen["vcard4"] = {one.name: getattr(one, "value", None) for one in card.get_properties()}

    def _commands(self) -> Generator[Step, Any, None]:
        commands = yield self._call("AdHoc", "request_command_list", self._service)
        self._seen["commands"] = [command.name for command in commands]
        find = next(command for command in commands if command.node == "find-people")
        stage = yield self._call("AdHoc", "execute_command", find)
        form = extend_form(node=stage.data)
        self._seen["first stage"] = _stage(stage, form)
        form["text"].value = self._name
        stage = yield self._call("AdHoc", "execute_command", stage, AdHocAction.NEXT, _submit(form))
        form = extend_form(node=stage.data)
        self._seen["second stage"] = _stage(stage, form)
        self._seen["found by command"] = [value for value, _label in form["add"].iter_options()]
        stage = yield self._call("AdHoc", "execute_command", stage, AdHocAction.PREV)
        self._seen["back"] = extend_form(node=stage.data)["text"].type_
        form = extend_form(node=stage.data)
        stage = yield self._call("AdHoc", "execute_command", stage, AdHocAction.NEXT, _submit(form))
        stage = yield self._call("AdHoc", "execute_command", stage, AdHocAction.CANCEL)
        self._seen["cancelled"] = stage.status.value
        mine = next(command for command in commands if command.node == "my-conversations")
        stage = yield self._call("AdHoc", "execute_command", mine)
        self._seen["notes"] = [note.text for note in stage.notes]

    def _search(self) -> Generator[Step, Any, None]:
        query = Iq("get", to=self._service, queryNS=Namespace.SEARCH)
        stanza = yield self._send(query)
        form = extend_form(node=stanza.getTag("query").getTag("x", namespace=Namespace.DATA))
        self._seen["search fields"] = [field.var for field in form.iter_fields() if field.type_ != "hidden"]
        form["nick"].value = self._name
        query = Iq("set", to=self._service, queryNS=Namespace.SEARCH)
        query.setQuery().addChild(node=_submit(form))
        stanza = yield self._send(query)
        table = extend_form(node=stanza.getTag("query").getTag("x", namespace=Namespace.DATA))
        self._seen["found by search"] = [record["jid"].value for record in table.iter_records()]

    def _send(self, query: Iq) -> Step:
        def send(callback: Callable[[Any], None]) -> None:
            self._client.send_stanza(query, callback=lambda _client, stanza: self._go_on(stanza))

        return send


def _submit(form: Any) -> Any:
    form.type_ = "submit"
    return form.get_purged() if hasattr(form, "get_purged") else form


def _stage(stage: Any, form: Any) -> dict[str, Any]:
    return {
        "actions": sorted(action.value for action in stage.actions),
        "default": stage.default.value,
        "fields": {field.var: field.type_ for field in form.iter_fields()},
    }


if __name__ == "__main__":
    print(json.dumps(Look(*sys.argv[1:]).look()))
