"""Message Archive Management (XEP-0313): queries read, answers written.

Full-text search is XEP-0431, preferences are XEP-0441.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from component.outgoing.message_stanzas import delay, stamp
from component.xml import attribute, child

from . import forms, rsm
from .forwarding import forwarded
from .rsm import BadQuery, NotOffered

MAM_NS = "urn:xmpp:mam:2"
EXTENDED = "urn:xmpp:mam:2#extended"
FULLTEXT_NS = "urn:xmpp:fulltext:0"

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
"""``(variable, type)`` of every filter."""

LONGEST_QUERYID = 500
LONGEST_TEXT = 500
MOST_IDS = 500

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)

VALIDATE_NS = "http://jabber.org/protocol/xdata-validate"


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a client. Times are in us since 1970, UTC; ids are as the client wrote them."""

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
    """The query in an iq of type set. Raises ``BadQuery``, of which ``NotOffered`` is one kind."""
    if query.get("node") is not None:
        raise NotOffered("This archive has no nodes.")
    filters = _filters(query)
    return Query(
        queryid=_queryid(query),
        with_jid=_one(filters, "with"),
        start=_time(filters, "start"),
        end=_time(filters, "end"),
        after_id=_one(filters, "after-id"),
        before_id=_one(filters, "before-id"),
        ids=_ids(filters),
        text=_text(filters),
        page=_page(query),
        flip=query.find(f"{{{MAM_NS}}}flip-page") is not None,
    )


def _queryid(query: Element) -> str | None:
    """It comes back with every result."""
    queryid = query.get("queryid")
    if queryid and len(queryid) > LONGEST_QUERYID:
        raise BadQuery(f"A queryid can have {LONGEST_QUERYID} characters at most.")
    return queryid


def _page(query: Element) -> rsm.PageRequest:
    """Profanity 0.13 writes the ``after`` of its next page outside of the ``<set/>``. Ignored, it would get and show
    the first page again."""
    page = rsm.read(query)
    beside = query.findtext(f"{{{MAM_NS}}}after", "").strip()
    return replace(page, after=beside) if beside and page.after is None else page


def _filters(query: Element) -> forms.Answers:
    """The fields of the form, if there is one; only known names are allowed (XEP-0313 §4.1)."""
    sent = query.findall(forms.FORM)
    if not sent:
        return {}
    if len(sent) > 1 or sent[0].get("type") != "submit":
        raise BadQuery("A query can have one form, which has to be of type submit.")
    names = [field.get("var") for field in sent[0].iterfind(f"{{{forms.FORM_NS}}}field")]
    if None in names or len(set(names)) < len(names):
        raise BadQuery("Every field of the form has to have a name of its own.")
    filters = forms.answers(query) or {}
    if filters and filters.get("FORM_TYPE") != (MAM_NS,):
        raise BadQuery(f"The form has to have the hidden field FORM_TYPE with the value {MAM_NS}.")
    if not set(filters) <= {"FORM_TYPE", *(name for name, _ in FIELDS)}:
        raise NotOffered("The form has a field that is not offered here; ask for the form with an iq of type get.")
    return filters


def _one(filters: forms.Answers, name: str) -> str | None:
    """The value of a field; an empty one counts as not given."""
    values = filters.get(name) or ("",)
    if len(values) > 1:
        raise BadQuery(f"The field {name} can have one value only.")
    return values[0].strip() or None


def _ids(filters: forms.Answers) -> tuple[str, ...] | None:
    ids = filters.get("ids", ())
    if len(ids) > MOST_IDS:
        raise BadQuery(f"The field ids can have {MOST_IDS} values at most.")
    return ids or None


def _text(filters: forms.Answers) -> str | None:
    text = _one(filters, FULLTEXT)
    if text and len(text) > LONGEST_TEXT:
        raise BadQuery(f"The text to search for can have {LONGEST_TEXT} characters at most.")
    return text


def _time(filters: forms.Answers, name: str) -> int | None:
    """A DateTime of XEP-0082 §3.2, in us."""
    text = _one(filters, name)
    if text is None:
        return None
    try:
        if not _DATE_TIME.fullmatch(text):
            raise ValueError(text)
        return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:
        raise BadQuery(f"The field {name} has to be a time such as 2026-01-31T08:00:00Z.") from None


def result(queryid: str | None, id: str, message: str, by: str, sent_at: int) -> str:
    """One archived message, to be put into a message stanza (XEP-0313 §4.2).

    ``message`` is the text of the stanza, and ``by`` the address of the archive. Gajim needs the delay, although it is
    only a SHOULD.
    """
    named = f' queryid="{attribute(queryid)}"' if queryid is not None else ""
    inner = forwarded(message, delay(by, sent_at))
    return f'<result xmlns="{MAM_NS}"{named} id="{attribute(id)}">{inner}</result>'


def fin(first: str | None, last: str | None, count: int | None, complete: bool) -> Element:
    """The end of a page (XEP-0313 §4.3)."""
    element = Element(f"{{{MAM_NS}}}fin")
    if complete:
        element.set("complete", "true")
    element.append(rsm.page(first, last, count))
    return element


def offered_form() -> Element:
    """The filters that can be used (XEP-0313 §4.1.5)."""
    query = Element(QUERY)
    form = child(query, "x", forms.FORM_NS)
    form.set("type", "form")
    _field(form, "hidden", "FORM_TYPE").append(_value(MAM_NS))
    for name, type in FIELDS:
        field = _field(form, type, name)
        if type == "list-multi":
            # Any value can be given, not only one of a list (XEP-0122).
            validate = child(field, "validate", VALIDATE_NS)
            validate.set("datatype", "xs:string")
            child(validate, "open", VALIDATE_NS)
    return query


def preferences() -> Element:
    """Everything is archived; preferences cannot be changed (XEP-0441)."""
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


def _field(form: Element, type: str, name: str) -> Element:
    field = child(form, "field", forms.FORM_NS)
    field.attrib.update(type=type, var=name)
    return field


def _value(text: str) -> Element:
    value = Element(f"{{{forms.FORM_NS}}}value")
    value.text = text
    return value
