"""Data forms (XEP-0004): forms to fill in, answers, and results. Only types of fields that Gajim, Converse, Profanity
and poezio all show are made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from xml.etree.ElementTree import Element

from component.xml import child

FORM_NS = "jabber:x:data"
FORM = f"{{{FORM_NS}}}x"
FIELD = f"{{{FORM_NS}}}field"

MOST_CHARS = 8_192
"""Characters of all answers in one form. No form needs nearly as many."""

MOST_FIELDS = 100
"""Fields of a form that are read. No form of ours has nearly as many."""

Answers = Mapping[str, tuple[str, ...]]
"""Variable -> values, as a client filled them in."""

Options = Sequence[tuple[str, str]]
"""Pairs of value and label."""

NOT_CHOSEN = ("-", "(choose one)")
"""An option for *nothing chosen*: a required field with it counts as left out. Its value is not empty, because
Profanity crashes on an empty one."""

_ONE_VALUE = frozenset({"list-single", "text-single", "boolean", "hidden", "jid-single"})


class BadForm(ValueError):
    """A form that is not filled in correctly."""


class NothingChosen(BadForm):
    """A required choice was not made. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Field:
    """``kind`` is one of XEP-0004 §3.3; ``value`` is the default."""

    kind: str
    var: str = ""
    label: str = ""
    value: tuple[str, ...] = ()
    options: Options = ()
    required: bool = False


def choice(var: str, label: str, options: Options, chosen: str = "", required: bool = True) -> Field:
    """One of several. Clients show the first option as chosen if none is. So the first option is *nothing chosen*, and
    nobody sends another one by accident, unless there is only one option."""
    if required and not chosen:
        chosen, options = (options[0][0], options) if len(options) == 1 else ("", [NOT_CHOSEN, *options])
    return Field("list-single", var, label, (chosen,) if chosen else (), options, required)


def choices(var: str, label: str, options: Options, chosen: Sequence[str] = (), required: bool = False) -> Field:
    """Any of several. Profanity shows the options only where something is chosen."""
    return Field("list-multi", var, label, tuple(chosen), options, required)


def line(var: str, label: str, value: str = "", required: bool = False) -> Field:
    return Field("text-single", var, label, (value,) if value else (), (), required)


def lines(var: str, label: str, value: Sequence[str] = (), required: bool = False) -> Field:
    return Field("text-multi", var, label, tuple(value), (), required)


def switch(var: str, label: str, on: bool = False) -> Field:
    return Field("boolean", var, label, ("1" if on else "0",))


def address(var: str, label: str, value: str = "", required: bool = False) -> Field:
    return Field("jid-single", var, label, (value,) if value else (), (), required)


def addresses(var: str, label: str, value: Sequence[str] = (), required: bool = False) -> Field:
    return Field("jid-multi", var, label, tuple(value), (), required)


def hidden(var: str, value: str) -> Field:
    """A value that clients send back without showing it. It has to be checked, as a client may send anything."""
    return Field("hidden", var, "", (value,))


def said(text: str) -> Field:
    """Text between the fields."""
    return Field("fixed", "", "", (text,))


@dataclass(frozen=True, slots=True)
class Form:
    """A form to fill in."""

    title: str
    instructions: str
    fields: tuple[Field, ...]

    def element(self) -> Element:
        """To be filled in."""
        return _form("form", self.title, self.instructions, self.fields)


@dataclass(frozen=True, slots=True)
class Card:
    """A result about one thing: its fields, by label."""

    title: str
    fields: tuple[Field, ...]

    def element(self) -> Element:
        return _form("result", self.title, "", self.fields)

    def lines(self) -> list[str]:
        """The same as text, for clients that show only that."""
        return [": ".join(filter(None, (one.label, " ".join(one.value)))) for one in self.fields]


@dataclass(frozen=True, slots=True)
class FormTable:
    """A result with a list. ``columns`` are pairs of variable and label, a row has a text for each."""

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: Sequence[Sequence[str]]

    def element(self) -> Element:
        """XEP-0004 §3.4"""
        table = _form("result", self.title, "", ())
        reported = child(table, "reported", FORM_NS)
        for var, label in self.columns:
            child(reported, "field", FORM_NS).attrib.update(type="text-single", var=var, label=label)
        for row in self.rows:
            item = child(table, "item", FORM_NS)
            for (var, _), text in zip(self.columns, row, strict=True):
                field = child(item, "field", FORM_NS)
                field.set("var", var)
                child(field, "value", FORM_NS, text)
        return table

    def lines(self) -> list[str]:
        """The same as text, for clients that show only that."""
        return [" · ".join(filter(None, row)) for row in self.rows]


def typed(type: str, form_type: str, title: str, fields: Iterable[Field]) -> Element:
    """A form with a standardised ``FORM_TYPE`` (XEP-0068)."""
    return _form(type, title, "", (hidden("FORM_TYPE", form_type), *fields))


def answers(parent: Element) -> Answers | None:
    """What was filled into the form in ``parent``; None if there is no filled form."""
    filled = parent.find(FORM)
    if filled is None or filled.get("type") != "submit":
        return None
    return {field.get("var", ""): _values(field) for field in islice(filled.iterfind(FIELD), MOST_FIELDS)}


def checked(given: Answers, fields: Iterable[Field]) -> Answers:
    """The answers to these fields, each checked against the field's type. Raises ``BadForm``.

    The caller has to check that a value is among the options, as these may have changed.
    """
    wanted = {field.var: field for field in fields if field.var}
    kept = {var: _checked(given.get(var, ()), field) for var, field in wanted.items()}
    if sum(len(value) for values in kept.values() for value in values) > MOST_CHARS:
        raise BadForm("too much text")
    return kept


def _checked(values: tuple[str, ...], field: Field) -> tuple[str, ...]:
    filled = tuple(value for value in values if value.strip())
    if field.required and not filled:
        raise BadForm(f"{field.label} is missing")
    if field.required and field.kind == "list-single" and filled == (NOT_CHOSEN[0],):
        raise NothingChosen(f"Choose one first: {field.label}.")
    if field.kind in _ONE_VALUE and len(values) > 1:
        raise BadForm(f"{field.label} has several values")
    if field.kind != "boolean":
        return values if field.kind == "text-multi" else filled
    if any(value not in ("0", "1", "false", "true") for value in filled):
        raise BadForm(f"{field.label} is neither yes nor no")
    return tuple("1" if value in ("1", "true") else "0" for value in filled)


def _values(field: Element) -> tuple[str, ...]:
    return tuple(value.text or "" for value in field.iterfind(f"{{{FORM_NS}}}value"))


def _form(type: str, title: str, instructions: str, fields: Iterable[Field]) -> Element:
    element = Element(FORM, {"type": type})
    if title:
        child(element, "title", FORM_NS, title)
    if instructions:
        child(element, "instructions", FORM_NS, instructions)
    element.extend(map(_field, fields))
    return element


def _field(field: Field) -> Element:
    element = Element(FIELD, {"type": field.kind})
    for name, text in (("var", field.var), ("label", field.label)):
        if text:
            element.set(name, text)
    if field.required:
        child(element, "required", FORM_NS)
    for value in field.value:
        child(element, "value", FORM_NS, value)
    for value, label in field.options:
        option = child(element, "option", FORM_NS)
        option.set("label", label)
        child(option, "value", FORM_NS, value)
    return element
