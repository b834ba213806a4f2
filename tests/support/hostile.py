"""Stanzas of a client that means no good, made by chance from a seed: nearly all such as ejabberd's parser takes."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from component.policy.elements import ELEMENTS

DECLARATIONS = "xmlns:own='of:mallory' xmlns:brace='of:}' xmlns:xmpp='jabber:client'"
"""What the beginning of the client's own stream declares."""

T = TypeVar("T")

FACES = ("alice@agents.acme.test", "carol@agents.acme.test", "bob@directory.acme.test", "nobody@agents.acme.test")
SERVICES = ("agents.acme.test", "directory.acme.test")

_PREFIXES = ("own", "brace", "xmpp", "stream", "xml")
_NAMES = ("x", "_", "a.b-c", "été", "名", "message", "iq", "presence", "body", "query", "error", "unavailable")
_SPACES = (
    *("", "}", "{", "a}b", "{a}", "%7D", "unreadable:}", "&lt;&gt;", "&amp;", "&quot;", "&apos;", "&#9;", "\u202eevil"),
    *("jabber:client", "jabber:component:accept", "jabber:server", "http://etherx.jabber.org/streams", "\ufdd0"),
    *("urn:xmpp:mam:2", "urn:xmpp:forward:0", "urn:xmpp:delegation:1", "urn:xmpp:privilege:2", "urn:xmpp:carbons:2"),
    *("http://jabber.org/protocol/muc", "http://jabber.org/protocol/commands", "jabber:x:data", "jabber:iq:search"),
    *("http://jabber.org/protocol/disco#info", "vcard-temp", "urn:xmpp:ping", "http://jabber.org/protocol/rsm"),
    *("http://www.w3.org/1999/xhtml", "http://jabber.org/protocol/xhtml-im", "urn:xmpp:content", "jabber:x:oob"),
)
_REFUSED = ("<x xmlns='&#10;'/>", "<x xmlns:p=''/>", "<p:x/>", "&#0;", "<x a='' a=''/>", "<x></y>", "<!DOCTYPE x>")
"""By ejabberd itself, which closes the stream."""

_ANSWERED = (
    *(("query", f"http://jabber.org/protocol/disco#{what}") for what in ("info", "items")),
    *(("query", "urn:xmpp:mam:2"), ("metadata", "urn:xmpp:mam:2"), ("prefs", "urn:xmpp:mam:2")),
    *(("vCard", "vcard-temp"), ("query", "jabber:iq:search"), ("command", "http://jabber.org/protocol/commands")),
    *(("ping", "urn:xmpp:ping"), ("query", "jabber:iq:version"), ("time", "urn:xmpp:time")),
)
_TEXTS = (
    *("", " ", "Hello", "}", "]]&gt;", "<![CDATA[<x xmlns='}'/>]]>", "<![CDATA[]]>", "&#x10FFFF;", "&#xFFFD;", "&#13;"),
    *("&#9;&#10;", "&#133;", "&#x2028;", "\ufdd0\U0001fffe", "\u202e\u2066abc", "e\u0301" * 50, "\U0001f600"),
    *("a<!-- } -->b", "<?php }?>", "&lt;!ENTITY x '}'&gt;", "%00%0d", "http://work.acme.test/}"),
)
_KEYS = ("id", "to", "from", "type", "xml:lang", "xml:space", "xml:id", "node", "jid", "a", "été", "sid", "by")
_VALUES = (
    "",
    " ",
    "}",
    "0",
    "-1",
    "99999999999999999999",
    "&#10;",
    "&lt;",
    "&apos;&quot;",
    "bob@work.acme.test",
    "*",
    "\u202e",
)


class Hostile:
    """``stanza`` gives one after the other, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._number = 0

    def stanza(self) -> str:
        self._number += 1
        if self._chance.random() < 0.003:
            return f"<message>{self._one(_REFUSED)}</message>"
        return self._any_of(self._message, self._message, self._presence, self._iq)()

    # Stanzas

    def _message(self) -> str:
        body = self._one((f"<body>{self._text()}</body>", "", "<body/>"))
        type = self._one(("chat", "normal", "headline", "groupchat", "error", "", "}"))
        return self._stanza("message", type, self._one(FACES + SERVICES), body + self._content())

    def _presence(self) -> str:
        """Most say that the client is there; those to nobody reach everybody who watches."""
        type = self._one((None, None, None, "subscribe", "probe", "unsubscribe", "error", "invisible"))
        return self._stanza("presence", type, self._one((None, *FACES, *SERVICES)), self._content())

    def _iq(self) -> str:
        type = self._one(("get", "set", "get", "set", "result", "error"))
        return self._stanza(
            "iq", type, self._one((None, *FACES, *SERVICES)), self._any_of(self._element, self._content)()
        )

    def _question(self) -> str:
        """One that is answered, with what nobody asks."""
        name, space = self._one(_ANSWERED)
        return f"<{name} xmlns='{space}'{self._attributes()}>{self._content()}</{name}>"

    def _stanza(self, name: str, type: str | None, to: str | None, content: str) -> str:
        given = {"type": type, "to": to and to + self._one(("", "", "/x", "/}", "/\u202e")), "id": self._id()}
        head = "".join(f" {key}='{value}'" for key, value in given.items() if value is not None)
        more = self._one(("", "", "", " xml:lang='}'", " own:k='1'", " a='}'", " brace:k=''"))
        return f"<{name}{head}{more}>{content}</{name}>"

    def _id(self) -> str:
        odd = ("", "}", "&apos;" * 20, "\u202e", "x" * 3_000, "a@b/c", "&#10;", "&lt;")
        return self._one(odd) if self._chance.random() < 0.2 else f"h{self._number}"

    # What is in them

    def _content(self) -> str:
        return self._any_of(self._some, self._some, self._some, self._deep, self._wide, self._long)()

    def _some(self) -> str:
        return "".join(self._element() for _ in range(self._chance.randint(0, 4)))

    def _deep(self) -> str:
        depth = self._one((100, 1_000, 4_000))
        name, space = self._one(_NAMES), self._one(_SPACES)
        return f"<{name} xmlns='{space}'>" * depth + f"</{name}>" * depth

    def _wide(self) -> str:
        return "".join(f"<a{number} xmlns='of:{number}'/>" for number in range(self._one((200, 2_000))))

    def _long(self) -> str:
        size = self._one((1_000, 50_000))
        return self._one(
            (
                f"<{'n' * size}/>",
                f"<x xmlns='{'}' * size}'/>",
                f"<x {'k' * size}=''/>",
                f"<x a='{'&lt;' * (size // 4)}'/>",
                "<x " + " ".join(f"k{number}='}}'" for number in range(size // 50)) + "/>",
                "<x " + " ".join(f"xmlns:p{number}='}}{number}'" for number in range(size // 500)) + "/>",
                f"<body>{'}&#x20;' * (size // 7)}</body>",
            )
        )

    def _element(self, depth: int = 0) -> str:
        if self._chance.random() < 0.3:
            (space, name) = self._one(tuple(ELEMENTS))
            name, prefixes = (name if name.isalpha() else "x"), f" xmlns='{space}'"
        else:
            name, prefixes = self._name()
        inside = self._text()
        while depth < 4 and self._chance.random() < 0.4:
            inside += self._element(depth + 1)
        return f"<{name}{prefixes}{self._attributes()}>{inside}</{name}>"

    def _name(self) -> tuple[str, str]:
        """With what it declares."""
        name, space = self._one(_NAMES), self._one(_SPACES)
        way = self._chance.randrange(5)
        if way == 0:
            return name, ""
        if way == 1:
            return f"{self._one(_PREFIXES)}:{name}", ""
        if way == 2 and space:
            return f"p:{name}", f" xmlns:p='{space}'"
        if way == 3 and space:
            return f"p:{name}", f" xmlns='{self._one(_SPACES)}' xmlns:p='{space}' p:k='1'"
        return name, f" xmlns='{space}'"

    def _attributes(self) -> str:
        keys = self._chance.sample(_KEYS, self._chance.choice((0, 0, 1, 3)))
        return "".join(f" {key}='{self._one(_VALUES)}'" for key in keys)

    def _text(self) -> str:
        return self._one(_TEXTS)

    # Chance

    def _one(self, choices: Sequence[T]) -> T:
        return self._chance.choice(choices)

    def _any_of(self, *ways: Callable[[], str]) -> Callable[[], str]:
        return self._chance.choice(ways)
