"""Message archive management (XEP-0313): queries read, results written. Full-text search by XEP-0431."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from component.element import attribute, child
from component.stanza import forms, rsm
from component.stanza.message import delay

MAM_NS = "urn:xmpp:mam:2"
EXTENDED = "urn:xmpp:mam:2#extended"
FULLTEXT_NS = "urn:xmpp:fulltext:0"
FORWARD_NS = "urn:xmpp:forward:0"

QUERY = f"{{{MAM_NS}}}query"
PREFS = f"{{{MAM_NS}}}prefs"
METADATA = f"{{{MAM_NS}}}metadata"

FULLTEXT = f"{{{FULLTEXT_NS}}}fulltext"
FIELDS = (
    ("with", "jid-single"),
    ("start", "text-single"),
    ("end", "text-single"),
    ("before-id", "text-single"),
    ("after-id", "text-single"),
    ("ids", "list-multi"),
    (FULLTEXT, "text-single"),
)

LONGEST_TEXT = 500
MOST_IDS = 500


class BadQuery(ValueError):
    """A query that cannot be answered as it is. The text is for whoever wrote the client."""


class UnknownField(BadQuery):
    """The form has a field that is not offered (XEP-0313 §4.1.5)."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asks of an archive. Times are in us since 1970, UTC; ids are as the client wrote them."""

    queryid: str | None = None
    with_jid: str | None = None
    start: int | None = None
    end: int | None = None
    after_id: str | None = None
    before_id: str | None = None
    ids: tuple[str, ...] | None = None
    text: str | None = None
    page: rsm.PageRequest = field(default_factory=rsm.PageRequest)
    flip: bool = False


def read_query(query: Element) -> Query:
    """The query in an iq of type set (XEP-0313 §4). Raises ``BadQuery``, ``UnknownField``."""
    filters = forms.answers(query) or {}
    _check(filters)
    try:
        page = rsm.read(query)
        start, end = _time(filters, "start"), _time(filters, "end")
    except ValueError as problem:
        raise BadQuery(str(problem)) from problem
    return Query(
        queryid=query.get("queryid"),
        with_jid=_one(filters, "with"),
        start=start,
        end=end,
        after_id=_one(filters, "after-id"),
        before_id=_one(filters, "before-id"),
        ids=tuple(filters["ids"]) if "ids" in filters else None,
        text=_one(filters, FULLTEXT),
        page=page,
        flip=query.find(f"{{{MAM_NS}}}flip-page") is not None,
    )


def _check(filters: forms.Answers) -> None:
    known = {name for name, _ in FIELDS}
    for name, values in filters.items():
        if name == "FORM_TYPE":
            if values != (MAM_NS,):
                raise BadQuery(f"The form has to be of type {MAM_NS}.")
        elif name not in known:
            raise UnknownField("The form has a field that is not offered here.")
        elif name != "ids" and len(values) > 1:
            raise BadQuery(f"The field {name} can have one value only.")
    if filters and "FORM_TYPE" not in filters:
        raise BadQuery(f"The form needs the hidden field FORM_TYPE with the value {MAM_NS}.")
    if len(filters.get("ids", ())) > MOST_IDS or len(_one(filters, FULLTEXT) or "") > LONGEST_TEXT:
        raise BadQuery("The form asks for too much at once.")


def _one(filters: forms.Answers, name: str) -> str | None:
    """The value of a field; an empty one counts as not given."""
    values = filters.get(name) or ("",)
    return values[0].strip() or None


def _time(filters: forms.Answers, name: str) -> int | None:
    """A DateTime of XEP-0082 §3.1, in us. Raises ``ValueError``."""
    text = _one(filters, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None or "T" not in text:
        raise ValueError(f"The field {name} has to be a time such as 2026-01-31T08:00:00Z.")
    return round(moment.timestamp() * 1_000_000)


def stamp(at: int) -> str:
    """A time in us as a DateTime of XEP-0082."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def result(queryid: str | None, id: str, message: str, by: str, sent_at: int) -> str:
    """One archived message, to be put into a message stanza (XEP-0313 §4.2). ``message`` is stanza text in
    the namespace jabber:client."""
    named = f' queryid="{attribute(queryid)}"' if queryid is not None else ""
    return (
        f'<result xmlns="{MAM_NS}"{named} id="{attribute(id)}"><forwarded xmlns="{FORWARD_NS}">'
        f"{delay(by, stamp(sent_at))}{message}</forwarded></result>"
    )


def fin(first: str | None, last: str | None, count: int | None, complete: bool) -> Element:
    """The end of a page (XEP-0313 §4.3)."""
    element = Element(f"{{{MAM_NS}}}fin")
    if complete:
        element.set("complete", "true")
    element.append(rsm.page(first, last, count))
    return element


def offered_form() -> Element:
    """The filters that can be used (XEP-0313 §4.1.6)."""
    query = Element(QUERY)
    form = child(query, "x", forms.FORM_NS)
    form.set("type", "form")
    kind = child(form, "field", forms.FORM_NS)
    kind.attrib.update(type="hidden", var="FORM_TYPE")
    child(kind, "value", forms.FORM_NS, MAM_NS)
    for name, type in FIELDS:
        child(form, "field", forms.FORM_NS).attrib.update(type=type, var=name)
    return query


def preferences() -> Element:
    """Everything is archived, whatever anybody would prefer (XEP-0441)."""
    prefs = Element(PREFS, {"default": "always"})
    child(prefs, "always", MAM_NS)
    child(prefs, "never", MAM_NS)
    return prefs


def metadata(first: tuple[str, int] | None, last: tuple[str, int] | None) -> Element:
    """``(id, time in us)`` of the oldest and the newest message that can be seen (XEP-0313 §5)."""
    element = Element(METADATA)
    for name, end in (("start", first), ("end", last)):
        if end is not None:
            child(element, name, MAM_NS).attrib.update(id=end[0], timestamp=stamp(end[1]))
    return element
