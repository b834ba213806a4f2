"""Whatever XML a peer sends, what comes out on the other side is made of named parts and holds no real address.

Random stanzas go the whole pure way: classify, decide, build, write, read back.
"""

import asyncio
import itertools
from collections.abc import Iterator
from functools import partial
from xml.etree.ElementTree import Element, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bridge.incoming import Correspondents, Incoming, Route
from component.bridge.messages.message_handler import new_row
from component.directory.world import World
from component.model import Limits, Party, Side
from component.outgoing.compose import Answered, compose
from component.outgoing.message_links import LinkMaker
from component.outgoing.message_stanzas import envelope
from component.policy.classify import Facts, classify
from component.policy.decide import Deliver, Drop, Refuse, Verdict, View, decide
from component.policy.elements import BODY, ELEMENTS, OMEMO, THREAD
from component.policy.reasons import Reason
from component.richtext.formatted import rich_content
from component.richtext.rendered import Rendered
from component.services.command_framework import COMMAND, Ask, CommandRun, Commands, Done
from component.xep.forms import Form, choice
from component.xep.stanza_errors import MOST_REPEATED, refusal
from component.xml import STREAM_NS, XML_LANG, parse, serialise, split
from tests.support.people import ALICE, ALICE_AT_WORK, BOB, CAROL, ERIN, LENA, view

FALLBACK = "urn:xmpp:fallback:0"
PUBLIC = "https://desk.test"
NOBODY = World.of(())
UPLOADS = [
    "https://up.test/1/a.png",
    "https://up.test:443/1/a.png#x",
    "http://up.test/bob@work.acme.test",
    "see https://up.test/1/a.png, please",
]
XHTML = "http://www.w3.org/1999/xhtml"
XHTML_IM = "http://jabber.org/protocol/xhtml-im"
HTML = {
    f"{{{XHTML_IM}}}html": set(),
    f"{{{XHTML}}}body": {XML_LANG},
    **{f"{{{XHTML}}}{name}": set() for name in ("br", "em", "strong", "code", "cite", "ul", "ol", "li", "blockquote")},
    **{f"{{{XHTML}}}{name}": {"style"} for name in ("p", "span")},
    f"{{{XHTML}}}a": {"href"},
    f"{{{XHTML}}}img": {"src", "alt", "width", "height"},
}
"""What formatted messages between agents may hold besides: XEP-0071 §7, as far as it is used."""

FILES = ["jabber:x:oob", "urn:xmpp:sfs:0", "urn:xmpp:sims:1"]

NAMED = {
    BODY: {XML_LANG},
    f"{{{STREAM_NS}}}thread": {"parent"},
    "{urn:xmpp:sid:0}origin-id": {"id"},
    "{urn:xmpp:styling:0}unstyled": set(),
    "{urn:xmpp:message-correct:0}replace": {"id"},
    "{urn:xmpp:message-retract:1}retract": {"id"},
    "{urn:xmpp:reply:0}reply": {"id", "to"},
    f"{{{FALLBACK}}}fallback": {"for"},
    f"{{{FALLBACK}}}body": {"start", "end"},
    f"{{{FALLBACK}}}subject": {"start", "end"},
}
"""All that may ever come out: element -> attributes. Written by hand, not read from the code."""

FALLBACKS = {
    "urn:xmpp:reply:0": "{urn:xmpp:reply:0}reply",
    "urn:xmpp:message-retract:1": "{urn:xmpp:message-retract:1}retract",
    "urn:xmpp:message-correct:0": "{urn:xmpp:message-correct:0}replace",
}
"""What a text that goes on may be the fallback of."""

PARTIES = (ALICE, ALICE_AT_WORK, BOB, CAROL, ERIN, LENA)
REAL = [party.account for party in PARTIES]
ADDRESSES = [
    *REAL,
    "bob@work.acme.test/phone",
    "BOB@Work.Acme.Test",
    "xmpp:alice@cc.acme.test?message",
    "alice@cc.acme.test alice@cc.acme.test",
]
ELSEWHERE = [
    (STREAM_NS, "body"),
    (STREAM_NS, "subject"),
    (STREAM_NS, "message"),
    (STREAM_NS, "error"),
    ("", "body"),
    (FALLBACK, "body"),
    (FALLBACK, "subject"),
    ("http://jabber.org/protocol/muc#user", "x"),
    ("http://jabber.org/protocol/muc#user", "invite"),
    ("http://jabber.org/protocol/address", "addresses"),
    ("http://jabber.org/protocol/address", "address"),
    ("urn:xmpp:reference:0", "reference"),
    ("urn:xmpp:mix:core:1", "mix"),
    ("jabber:x:data", "x"),
    ("http://jabber.org/protocol/rosterx", "x"),
    ("of:nobody", "any"),
    *((namespace, name) for namespace in OMEMO for name in ("encrypted", "payload")),
]
PASSING = [(namespace, name) for namespace, name in map(split, NAMED) if (namespace, name) != (FALLBACK, "body")]

texts = st.one_of(
    st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\r\n\t"), max_size=20),
    st.sampled_from([*ADDRESSES, "Hello", "two\r\nlines\r", "aesgcm://x/y", "?OTR:AA", " ", "9" * 5000, "-1", "3"]),
    st.sampled_from(["urn:xmpp:reply:0", "urn:xmpp:message-retract:1", "urn:xmpp:reactions:0", "en", "to"]),
    st.sampled_from([*UPLOADS, *FILES]),
)
ATTRIBUTES = (
    "target",
    "id",
    "to",
    "from",
    "by",
    "jid",
    "for",
    "start",
    "end",
    "type",
    "parent",
    "uri",
    "stamp",
    "node",
)
keys = st.sampled_from([*ATTRIBUTES, XML_LANG, "{of:nobody}id"])
names = st.one_of(
    st.sampled_from(PASSING),
    st.sampled_from([(namespace, name.replace("*", "any")) for namespace, name in ELEMENTS]),
    st.sampled_from(ELSEWHERE),
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 1) -> Element:
    """Any element, with anything in it."""
    namespace, name = draw(names)
    element = Element(f"{{{namespace}}}{name}" if namespace else name, draw(st.dictionaries(keys, texts, max_size=4)))
    element.text, element.tail = draw(st.none() | texts), draw(st.none() | texts)
    if depth:
        element.extend(draw(st.lists(elements(depth - 1), max_size=3)))
    return element


@st.composite
def likely(draw: st.DrawFn, tag: str) -> Element:
    """An element that may pass, with its attributes and one too many; half of them hold an address."""
    values = st.one_of(st.sampled_from(ADDRESSES), texts)
    element = Element(tag, {key: draw(values) for key in sorted({*NAMED[tag], "to"})})
    element.text = draw(texts)
    return element


@st.composite
def marked(draw: st.DrawFn) -> list[Element]:
    """An element that a text may be the fallback of, and the mark that says so."""
    namespace, tag = draw(st.sampled_from(list(FALLBACKS.items())))
    mark = draw(likely(f"{{{FALLBACK}}}fallback"))
    mark.set("for", namespace)
    mark.append(draw(likely(f"{{{FALLBACK}}}body")))
    return [draw(likely(tag)), mark]


@st.composite
def files(draw: st.DrawFn) -> list[Element]:
    """A file as clients describe it, more or less, and perhaps a mark on a text that stands in for it."""
    address = draw(st.sampled_from(UPLOADS) | texts)
    shape = draw(
        st.sampled_from(
            [
                "<x xmlns='jabber:x:oob'><url/><desc/></x>",
                "<file-sharing xmlns='urn:xmpp:sfs:0'><file><name/><size/><desc/></file><sources>"
                "<url-data xmlns='http://jabber.org/protocol/url-data' target=''/></sources></file-sharing>",
                "<reference xmlns='urn:xmpp:reference:0'><media-sharing xmlns='urn:xmpp:sims:1'><file><name/></file>"
                "<sources><reference xmlns='urn:xmpp:reference:0' uri=''/></sources></media-sharing></reference>",
            ]
        )
    )
    file = parse(shape)
    for part in file.iter():
        if part.tag.endswith("}url"):
            part.text = address
        elif not len(part):
            part.text = draw(texts)
        for key in part.attrib:
            part.set(key, address)
    mark = draw(likely(f"{{{FALLBACK}}}fallback"))
    mark.set("for", draw(st.sampled_from(FILES)))
    mark.append(draw(likely(f"{{{FALLBACK}}}body")))
    return [file, mark][: draw(st.integers(1, 2))]


HTML_NAMES = st.sampled_from(
    ["p", "b", "em", "a", "img", "ul", "li", "span", "script", "table", "tr", "td", "h1", "svg"]
)
HTML_KEYS = st.sampled_from(["href", "src", "alt", "style", "title", "class", "onclick", "id", "xmlns", "width"])
HTML_VALUES = st.one_of(
    texts,
    st.sampled_from(["color: red", "background: url(//up.test/x)", "javascript:alert(1)", "https://up.test/", "12"]),
    st.sampled_from(ADDRESSES).map("mailto:{}".format),
    st.sampled_from(ADDRESSES).map("xmpp:{}".format),
    st.sampled_from(ADDRESSES).map("https://up.test/{}".format),
)


@st.composite
def html(draw: st.DrawFn, depth: int = 2) -> Element:
    attributes = draw(st.dictionaries(HTML_KEYS, HTML_VALUES, max_size=2))
    element = Element(f"{{{XHTML}}}{draw(HTML_NAMES)}", attributes)
    element.text, element.tail = draw(texts), draw(st.none() | texts)
    if depth:
        element.extend(draw(st.lists(html(depth - 1), max_size=2)))
    return element


@st.composite
def formatted(draw: st.DrawFn) -> Element:
    """Formatted content in one of its ways, more or less in order."""
    content = draw(st.lists(html(), min_size=1, max_size=2))
    match draw(st.integers(0, 2)):
        case 0:
            element = Element(f"{{{XHTML_IM}}}html")
            body = Element(f"{{{XHTML}}}body", draw(st.sampled_from([{}, {XML_LANG: "de"}])))
            body.extend(content)
            element.append(body)
        case 1:
            element = Element("{urn:xmpp:content}content", {"type": "text/html"})
            element.text = "".join(tostring(part, "unicode") for part in content)
        case _:
            element = parse("<markup xmlns='urn:xmpp:markup:0'><span start='0' end='3'><strong/></span></markup>")
            element[0].set("start", draw(st.sampled_from(["0", "1", "-1", "9"])))
    return element


@st.composite
def messages(draw: st.DrawFn) -> Element:
    """Any message; most have a text."""
    attributes = {"type": "chat", **draw(st.dictionaries(st.sampled_from(["id", "type", XML_LANG]), texts, max_size=3))}
    message = Element(f"{{{STREAM_NS}}}message", attributes)
    if draw(st.integers(0, 3)):
        message.append(Element(BODY, {XML_LANG: draw(texts)}))
        message[0].text = draw(texts)
    if draw(st.booleans()):
        message.extend(draw(marked()))
    if not draw(st.integers(0, 3)):
        message.extend(draw(files()))
    if not draw(st.integers(0, 3)):
        message.append(draw(formatted()))
    message.extend(draw(st.lists(st.sampled_from(sorted(NAMED)).flatmap(likely), max_size=2)))
    message.extend(draw(st.lists(elements(), max_size=3)))
    return message


FLAGS = ("sender_online", "receiver_online", "reply_visible", "over_rate", "to_service")
pairs = st.sampled_from([(BOB, ALICE), (ALICE, BOB), (ALICE, CAROL)])


@st.composite
def moments(draw: st.DrawFn) -> View:
    """Any view of the moment: two who may often write, and one or two things that are not as usual."""
    sender, receiver = draw(pairs | st.tuples(st.sampled_from([*PARTIES, None]), st.sampled_from([*PARTIES, None])))
    usual = view()
    unusual = draw(st.sets(st.sampled_from(FLAGS), max_size=2))
    limits = draw(st.sampled_from([Limits(), Limits(), Limits(body_chars=3), Limits(stanza_bytes=50)]))
    flags = {name: not getattr(usual, name) for name in unusual}
    return view(sender, receiver, draw(st.booleans()), limits=limits, **flags)


def judged(message: Element, sender: Party, receiver: Party, **moment: bool) -> tuple[Verdict, Rendered | None]:
    """The verdict on a message, and its formatted content."""
    facts = classify(message)
    rich = rich_content(facts.parts, [sender.tenant.account_host(side) for side in Side]) if facts.is_rich else None
    chars = len(rich.plain) if rich else None
    return decide(facts, view(sender, receiver, rich_chars=chars, **moment)), rich and rich.rendered()


def delivered(
    message: Element, sender: Party, receiver: Party, verdict: Verdict, rich: Rendered | None = None
) -> Element | None:
    """The message as it is written to the receiver and read there; None if it goes nowhere."""
    if not isinstance(verdict, Deliver):
        return None
    incoming = Incoming(message, classify(message), Route(NOBODY, sender.account, "phone", receiver.face))
    answered = Answered(sender.face, "m0", sender.account)
    content = compose(verdict, answered, partial(LinkMaker, PUBLIC, map(str, itertools.count())), rich)
    row = new_row(incoming, Correspondents(sender, receiver, NOBODY), content, 1, 1, 0)
    return parse(envelope(sender.face, receiver.account, row.type, row.client_id, row.payload))


def everything_but_bodies(message: Element) -> Iterator[str]:
    """Every value and text of a message, except its own addresses and what the sender typed."""
    for part in message.iter():
        typed = part.tag.startswith(f"{{{XHTML}}}")
        yield from (value for key, value in part.items() if part is not message or key not in ("from", "to"))
        yield "" if typed else part.tail or ""
        if part.tag != BODY and not typed:
            yield part.text or ""


@given(messages(), pairs, st.booleans())
def test_only_named_parts_come_out(message: Element, pair: tuple[Party, Party], reply_visible: bool) -> None:
    """Default deny: no element and no attribute that nobody named, wherever it was hidden."""
    named = {**NAMED, **HTML} if pair == (ALICE, CAROL) else NAMED
    out = delivered(message, *pair, *judged(message, *pair, reply_visible=reply_visible))
    if out is not None:
        assert out.attrib.keys() <= {"from", "to", "type", "id"}
        assert out.get("type") in ("chat", "normal")
        for part in out.iter():
            assert part is out or part.attrib.keys() <= named[part.tag]
            assert part.get("for") in (None, *FALLBACKS)
        once = [part.tag for part in out if part.tag not in (BODY, f"{{{FALLBACK}}}fallback")]
        assert len(once) == len(set(once))


@given(messages(), pairs, st.booleans())
def test_no_real_address_comes_out(message: Element, pair: tuple[Party, Party], reply_visible: bool) -> None:
    """AD2"""
    out = delivered(message, *pair, *judged(message, *pair, reply_visible=reply_visible))
    if out is not None:
        for value in everything_but_bodies(out):
            assert not any(address in value.lower() for address in REAL)


@given(messages(), pairs)
def test_the_text_stays_as_it_was_typed(message: Element, pair: tuple[Party, Party]) -> None:
    """C1, C11: character by character; C15: but for a text that only stands in for a reaction."""
    verdict, rich = judged(message, *pair)
    out = delivered(message, *pair, verdict, rich)
    if out is not None and isinstance(verdict, Deliver) and not verdict.files and not verdict.rich:
        typed = [part.text for part in message.findall(BODY) if part.text and part.text.strip()]
        kept = [part.text for part in out.findall(BODY)]
        reacts = message.find(f"{{{FALLBACK}}}fallback[@for='urn:xmpp:reactions:0']") is not None
        assert kept == typed or (reacts and set(kept) < set(typed))


@given(messages(), st.lists(files(), min_size=1, max_size=3))
def test_files_become_lines(message: Element, shared: list[list[Element]]) -> None:
    """C5: each is one line at the end or in the text, with a link; the address of the upload is nowhere."""
    message.extend(part for parts in shared for part in parts)
    verdict = decide(classify(message), view(BOB, ALICE, reply_visible=True))
    out = delivered(message, BOB, ALICE, verdict)
    if out is not None and isinstance(verdict, Deliver):
        for body in out.findall(BODY):
            lines = [line for line in (body.text or "").split("\n") if f": {PUBLIC}/f/" in line]
            assert len(lines) == len(verdict.files)
            assert all(file.url not in (body.text or "") for file in verdict.files)
        assert bool(out.findall(BODY)) >= bool(verdict.files)


@given(messages(), moments())
def test_a_verdict_on_everything(message: Element, moment: View) -> None:
    """One of three, and never an answer to an error, a headline, or what nobody meant to send."""
    facts = classify(message)
    verdict = decide(facts, moment)
    assert isinstance(verdict, Deliver | Refuse | Drop)
    if message.get("type") in ("error", "headline") or not facts.meant:
        assert not isinstance(verdict, Refuse)
    if moment.sender is None or not moment.sender_online or moment.over_rate:
        assert not isinstance(verdict, Deliver)


@given(messages(), moments())
def test_nothing_of_it_changes_who_may_write(message: Element, moment: View) -> None:
    """No content opens what the addresses close."""
    plain = decide(classify(parse("<message type='chat'><body>Hello</body></message>")), moment)
    if isinstance(plain, Refuse) and plain.reason is not Reason.TOO_LARGE:
        assert not isinstance(decide(classify(message), moment), Deliver)


@given(messages(), st.sampled_from(Reason))
def test_refusals_repeat_the_text_alone(message: Element, reason: Reason) -> None:
    """R4: the answer is made of its own words; of the message it has the addresses, the id, the text, and no more than
    is allowed of that."""
    message.attrib.update({"from": "bob@work.acme.test/phone", "to": "alice@agents.acme.test"})
    answer = parse(serialise(refusal(message, reason)))
    assert answer.get("to") == "bob@work.acme.test/phone"
    assert answer.get("from") == "alice@agents.acme.test"
    assert answer.get("id") == message.get("id")
    assert "".join(answer[-1].itertext()) == reason.value.text
    assert {part.tag for part in answer[:-1]} <= {BODY, THREAD}
    assert all(not len(part) for part in answer[:-1])
    assert sum(len("".join(part.itertext())) for part in answer[:-1]) <= MOST_REPEATED


@given(elements())
def test_elements_are_written_as_they_are(element: Element) -> None:
    """There and back; only attributes that would need a prefix are lost."""
    element.tail = None
    for part in element.iter():
        part.attrib.pop("{of:nobody}id", None)
        if not split(part.tag)[0]:
            part.tag = f"{{{STREAM_NS}}}{part.tag}"
    assert_same(parse(serialise(element)), element)


def assert_same(one: Element, other: Element) -> None:
    assert (one.tag, one.attrib) == (other.tag, other.attrib)
    assert (one.text or "", one.tail or "") == (other.text or "", other.tail or "")
    assert len(one) == len(other)
    for inner, outer in zip(one, other, strict=True):
        assert_same(inner, outer)


class Choose:
    """A command that asks one question."""

    node = "choose"
    name = "Choose"

    def may_run(self, party: Party) -> bool:
        return party.side is Side.AGENT

    async def step(self, run: CommandRun) -> Ask | Done:
        if run.step:
            return Done("Chosen.")
        return Ask(Form("Choose", "One of these", [choice("a", "A", [("1", "One")])]))


@given(elements(), st.dictionaries(st.sampled_from(["node", "action", "sessionid"]), texts), st.booleans())
def test_any_command(payload: Element, attributes: dict[str, str], known: bool) -> None:
    """D4: an answer or a refusal to everything; nothing is ended by accident."""
    request = Element(COMMAND, {**attributes, **({"node": "choose"} if known else {})})
    request.append(payload)
    answer = asyncio.run(Commands([Choose()]).run(request, ALICE, "alice@cc.acme.test/desk", "agents.acme.test"))
    assert isinstance(answer, Reason) or answer.get("status") == "executing"


@pytest.mark.parametrize("depth", [1_000, 9_000])
def test_deep_stanzas(depth: int) -> None:
    """R2: however deep, it is only taken apart where it may pass."""
    deep = "<x xmlns='of:nobody'>" + "<x>" * depth + "</x>" * depth + "</x>"
    facts: Facts = classify(parse(f"<message type='chat'><body>Hello</body>{deep}</message>"))
    assert isinstance(decide(facts, view()), Deliver)
