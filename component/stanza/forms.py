"""Data forms (XEP-0004), as far as clients are asked to choose and to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.element import child

FORM_NS = "jabber:x:data"
FORM = f"{{{FORM_NS}}}x"

Answers = Mapping[str, tuple[str, ...]]
"""Variable -> values, as a client filled them in."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A field of which one option has to be chosen; ``options`` are pairs of value and label."""

    var: str
    label: str
    options: Sequence[tuple[str, str]]


def form(title: str, instructions: str, field: Choice) -> Element:
    """A form to be filled in."""
    element = Element(FORM, {"type": "form"})
    child(element, "title", FORM_NS, title)
    child(element, "instructions", FORM_NS, instructions)
    element.append(_choice(field))
    return element


def answers(parent: Element) -> Answers | None:
    """What was filled into the form in ``parent``; None if there is no filled form."""
    filled = parent.find(FORM)
    if filled is None or filled.get("type") != "submit":
        return None
    fields = filled.iterfind(f"{{{FORM_NS}}}field")
    return {field.get("var", ""): _values(field) for field in fields}


def _values(field: Element) -> tuple[str, ...]:
    return tuple(value.text or "" for value in field.iterfind(f"{{{FORM_NS}}}value"))


def _choice(field: Choice) -> Element:
    element = Element(f"{{{FORM_NS}}}field", {"type": "list-single", "var": field.var, "label": field.label})
    child(element, "required", FORM_NS)
    for value, label in field.options:
        option = child(element, "option", FORM_NS)
        option.set("label", label)
        child(option, "value", FORM_NS, value)
    return element
