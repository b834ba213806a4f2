"""Answers of a message archive, written (XEP-0313 §4.2 to §5, XEP-0441)."""

from xml.etree.ElementTree import Element

from component.outgoing.message_stanzas import delay, stamp
from component.xml import attribute, child

from . import forms, rsm
from .forwarding import forwarded
from .mam import FIELDS, MAM_NS, METADATA, PREFS, QUERY

VALIDATE_NS = "http://jabber.org/protocol/xdata-validate"


def result(queryid: str | None, id: str, message: str, by: str, sent_at: int) -> str:
    """One archived message, to be put into a message stanza (XEP-0313 §4.2).

    ``message`` is the text of the stanza, and ``by`` the address of the archive. Gajim wants the delay, although
    it is a mere SHOULD.
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


def _field(form: Element, type: str, name: str) -> Element:
    field = child(form, "field", forms.FORM_NS)
    field.attrib.update(type=type, var=name)
    return field


def _value(text: str) -> Element:
    value = Element(f"{{{forms.FORM_NS}}}value")
    value.text = text
    return value
