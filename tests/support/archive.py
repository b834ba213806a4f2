"""Asking an archive as clients do (XEP-0313), and reading what comes back."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from tests.support.client import XmppClient
from tests.support.matching import text_of
from tests.support.stream import CLIENT

MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
FORM = "jabber:x:data"
DELAY = "urn:xmpp:delay"
SID = "urn:xmpp:sid:0"
FULLTEXT = "{urn:xmpp:fulltext:0}fulltext"

RESULT = f"{{{MAM}}}result"
FORWARDED = "{urn:xmpp:forward:0}forwarded"


@dataclass(frozen=True)
class Result:
    """One ``<result/>``: ``carrier`` is the stanza that brought it, ``message`` the one in it, in ``jabber:client``."""

    carrier: Element
    id: str
    queryid: str | None
    stamp: str
    message: Element

    @property
    def body(self) -> str | None:
        return text_of(self.message, "body")


@dataclass(frozen=True)
class Page:
    """``results`` in the order in which they came."""

    results: list[Result]
    first: str | None
    last: str | None
    count: int | None
    complete: bool

    @property
    def bodies(self) -> list[str | None]:
        return [result.body for result in self.results]

    @property
    def ids(self) -> list[str]:
        return [result.id for result in self.results]


def form(**fields: str | list[str]) -> str:
    """A submitted form; ``before_id`` is the field before-id, ``with_`` with, ``text`` the full-text search."""
    names = {"with_": "with", "text": FULLTEXT}
    given = {names.get(name, name.replace("_", "-")): value for name, value in fields.items()}
    return raw_form([("FORM_TYPE", [MAM]), *((k, v if isinstance(v, list) else [v]) for k, v in given.items())])


def raw_form(fields: list[tuple[str, list[str]]], type: str = "submit") -> str:
    """Fields as they are, for forms that are not in order."""
    texts = [
        f"<field var={quoteattr(name)}>{''.join(f'<value>{escape(value)}</value>' for value in values)}</field>"
        for name, values in fields
    ]
    return f"<x xmlns='{FORM}' type='{type}'>{''.join(texts)}</x>"


def rsm(**wanted: str | int) -> str:
    """``rsm(max=10, before="")``"""
    return f"<set xmlns='{RSM}'>{''.join(f'<{name}>{value}</{name}>' for name, value in wanted.items())}</set>"


def query(content: str = "", queryid: str | None = "q1") -> str:
    named = "" if queryid is None else f" queryid={quoteattr(queryid)}"
    return f"<query xmlns='{MAM}'{named}>{content}</query>"


async def request(client: XmppClient, payload: str, to: str | None = None, type: str = "set") -> Element:
    """Whatever answers it, an error too."""
    address = f" to='{to}'" if to else ""
    return await client.request(f"<iq type='{type}'{address}>{payload}</iq>")


async def ask(
    client: XmppClient,
    *,
    to: str | None = None,
    queryid: str | None = "q1",
    flip: bool = False,
    max: int | None = None,
    after: str | None = None,
    before: str | None = None,
    **fields: str | list[str],
) -> Page:
    """One page, by default of the client's own archive. Fails if there is an error instead."""
    wanted = {"max": max, "after": after, "before": before}
    page = {name: value for name, value in wanted.items() if value is not None}
    content = (form(**fields) if fields else "") + (rsm(**page) if page else "") + ("<flip-page/>" if flip else "")
    answer = await request(client, query(content, queryid), to)
    assert answer.get("type") == "result", answer.find("{*}error/{*}text").text
    return read_page(answer, client.take(has_result))


async def whole(client: XmppClient, page: int = 200) -> list[Result]:
    """All that is in the archive of the client's own account."""
    found: list[Result] = []
    got = await ask(client, max=page)
    while got.results:
        found += got.results
        got = await ask(client, max=page, after=got.last)
    return found


def has_result(stanza: Element) -> bool:
    return stanza.find(RESULT) is not None


def read_page(answer: Element, carriers: list[Element]) -> Page:
    fin = answer.find(f"{{{MAM}}}fin")
    assert fin is not None
    page = fin.find(f"{{{RSM}}}set")
    assert page is not None, "XEP-0313 §4: the fin MUST have a set"
    count = page.findtext(f"{{{RSM}}}count")
    return Page(
        [read_result(carrier) for carrier in carriers],
        page.findtext(f"{{{RSM}}}first"),
        page.findtext(f"{{{RSM}}}last"),
        None if count is None else int(count),
        fin.get("complete") == "true",
    )


def read_result(carrier: Element) -> Result:
    result = carrier.find(RESULT)
    assert result is not None
    forwarded = result.find(FORWARDED)
    assert forwarded is not None
    message, delay = forwarded.find(f"{{{CLIENT}}}message"), forwarded.find(f"{{{DELAY}}}delay")
    assert message is not None and delay is not None
    return Result(carrier, result.get("id", ""), result.get("queryid"), delay.get("stamp", ""), message)


def live_id(message: Element) -> str:
    """The archive id that a live message carries, by the bare address it was sent to (XEP-0359 §3)."""
    own = message.get("to", "").partition("/")[0]
    (id,) = [each.get("id", "") for each in message.iterfind(f"{{{SID}}}stanza-id") if each.get("by") == own]
    return id
