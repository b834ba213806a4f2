"""Jabber Search (XEP-0055): with a form, or with the legacy fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from component.model import EVERYBODY
from component.xml import child

from .forms import FORM, FORM_NS, Options, answers, choice, line, typed
from .vcard import names

SEARCH_NS = "jabber:iq:search"
SEARCH = f"{{{SEARCH_NS}}}query"

INSTRUCTIONS = "Fill in what you know. The beginnings of words are enough."
_OLD_FIELDS = ("first", "last", "nick")
MOST_CHARS = 200
"""Of one field."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search for people who match all non-empty fields. ``form``: whether to answer with a form."""

    name: str = ""
    title: str = ""
    group: str = ""
    nobody: bool = False
    form: bool = False


@dataclass(frozen=True, slots=True)
class FoundPeople:
    face: str
    name: str
    title: str
    groups: Sequence[str]


def offer(groups: Options) -> Element:
    """The fields that can be filled in; that for the group only where there are ``groups`` to choose from."""
    query = Element(SEARCH)
    child(query, "instructions", SEARCH_NS, INSTRUCTIONS)
    for name in _OLD_FIELDS:
        child(query, name, SEARCH_NS)
    fields = [line("nick", "Name"), line("x-title", "Title")]
    if groups:
        fields.append(choice("x-group", "Group", [(EVERYBODY, "any"), *groups], EVERYBODY, required=False))
    form = typed("form", SEARCH_NS, "Find people", fields)
    child(form, "instructions", FORM_NS, INSTRUCTIONS)
    query.append(form)
    return query


def wanted(query: Element) -> SearchQuery | None:
    """The search; None if there is a form that is not filled in."""
    if query.find(FORM) is not None:
        given = answers(query)
        if given is None:
            return None
        values = {var: " ".join(values)[:MOST_CHARS].strip() for var, values in given.items()}
        name = " ".join(filter(None, map(values.get, ("nick", "first", "last"))))
        group = values.get("x-group", "")
        group = "" if group == EVERYBODY else group
        return SearchQuery(name, values.get("x-title", ""), group, bool(values.get("email")), form=True)
    name = " ".join(filter(None, (_text(query, part) for part in _OLD_FIELDS)))
    return SearchQuery(name, nobody=bool(_text(query, "email")))


def results(found: Sequence[FoundPeople], form: bool, with_groups: bool) -> Element:
    """XEP-0055 §2.1 and §3"""
    query = Element(SEARCH)
    if form:
        query.append(_table(found, with_groups))
        return query
    for one in found:
        item = child(query, "item", SEARCH_NS)
        item.set("jid", one.face)
        given, family = names(one.name)
        for name, text in (("first", given), ("last", family), ("nick", one.name), ("email", "")):
            child(item, name, SEARCH_NS, text)
    return query


def _table(found: Sequence[FoundPeople], with_groups: bool) -> Element:
    columns = [("jid-single", "jid", "Address"), ("text-single", "nick", "Name"), ("text-single", "x-title", "Title")]
    if with_groups:
        columns.append(("text-single", "x-group", "Groups"))
    table = typed("result", SEARCH_NS, "", ())
    reported = child(table, "reported", FORM_NS)
    for kind, var, label in columns:
        child(reported, "field", FORM_NS).attrib.update(type=kind, var=var, label=label)
    for one in found:
        item = child(table, "item", FORM_NS)
        for (_, var, _), text in zip(columns, (one.face, one.name, one.title, ", ".join(one.groups)), strict=False):
            field = child(item, "field", FORM_NS)
            field.set("var", var)
            child(field, "value", FORM_NS, text)
    return table


def _text(query: Element, name: str) -> str:
    return (query.findtext(f"{{{SEARCH_NS}}}{name}") or "")[:MOST_CHARS].strip()
