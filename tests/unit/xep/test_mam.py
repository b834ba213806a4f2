"""Archive queries read, and answers written. Pure: what goes in and what comes out, as text."""

from xml.etree.ElementTree import Element, SubElement, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.outgoing.message_stanzas import stamp
from component.policy.reasons import Reason
from component.xep import namespace_delegation as delegation
from component.xep import privileged_entity as privilege
from component.xep.forms import FORM_NS
from component.xep.forwarding import forwarded, unwrap
from component.xep.mam import (
    FIELDS,
    FULLTEXT,
    MAM_NS,
    Query,
    fin,
    metadata,
    offered_form,
    preferences,
    read_query,
    result,
)
from component.xep.namespace_delegation import delegated_namespaces, delegated_request
from component.xep.rsm import RSM_NS, BadQuery, NotOffered, PageRequest
from component.xep.stanza_errors import refusal
from component.xml import parse, serialise
from tests.support.archive import form, query, raw_form, rsm

NOON = 1_767_268_800_000_000
"""2026-01-01T12:00:00Z in us."""


def read(content: str = "", **attributes: str) -> Query:
    element = parse(query(content, queryid=None))
    element.attrib.update(attributes)
    return read_query(element)


class TestQueries:
    """XEP-0313 §4"""

    def test_nothing_asked_for(self) -> None:
        assert read() == Query()

    def test_everything_asked_for(self) -> None:
        asked = read(
            form(with_="bob@directory.acme.test", start="2026-01-01T12:00:00Z", end="2026-01-01T13:00:00.5+01:00")
            + rsm(max=10, after="a1")
            + "<flip-page/>",
            queryid="f27",
        )
        assert asked == Query(
            queryid="f27",
            with_jid="bob@directory.acme.test",
            start=NOON,
            end=NOON + 500_000,
            page=PageRequest(10, after="a1"),
            flip=True,
        )
        asked = read(form(after_id="a", before_id="b", ids=["c", "d"], text="price list") + rsm(before=""))
        assert (asked.after_id, asked.before_id, asked.ids, asked.text) == ("a", "b", ("c", "d"), "price list")
        assert asked.page == PageRequest(None, before="")
        assert asked.page.backwards

    def test_a_page_as_profanity_asks_for_it(self) -> None:
        """0.13 writes after beside the set."""
        assert read("<after>a1</after>").page == PageRequest(after="a1")
        assert read("<after>a1</after>" + rsm(max=5, after="a2")).page == PageRequest(5, after="a2")

    @pytest.mark.parametrize(
        ("text", "us"),
        [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T12:00:00.000001Z", NOON + 1),
            ("2026-01-01T12:00:00.1234567890Z", NOON + 123_456),
            ("2026-01-01T00:00:00-12:00", NOON),
            ("0001-01-01T00:00:00+14:00", -62_135_647_200_000_000),
            ("9999-12-31T23:59:59.999999-14:00", 253_402_351_199_999_999),
        ],
    )
    def test_times(self, text: str, us: int) -> None:
        """XEP-0082 §3.2, to the microsecond and at the ends of the calendar."""
        assert read(form(start=text)).start == us

    @pytest.mark.parametrize("at", [0, 1, NOON, NOON + 999_999, 2_000_000_000_123_457])
    def test_a_stamp_comes_back_as_the_same_time(self, at: int) -> None:
        """A client that goes on from a stamp neither misses a message nor gets one twice."""
        assert read(form(start=stamp(at))).start == at

    def test_refusals(self) -> None:
        """What is wrong is one kind of error, what is not offered another (§4.1.5)."""
        with pytest.raises(BadQuery) as wrong:
            read(form(start="now"))
        assert (wrong.value.type, wrong.value.condition) == ("modify", "bad-request")
        with pytest.raises(NotOffered) as not_offered:
            read(form(colour="red"))
        assert (not_offered.value.type, not_offered.value.condition) == ("cancel", "feature-not-implemented")


anything = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
plausible = st.sampled_from(["", MAM_NS, "10", "-1", "2026-01-01T12:00:00Z", "2026-02-30T12:00:00Z", "a@b/c", "1e9"])
values = plausible | anything
names = st.sampled_from([name for name, _ in FIELDS] + ["FORM_TYPE", "FORM_TYPE", "other"]) | anything
fields = st.lists(st.tuples(names, st.lists(values, max_size=3)), max_size=6)
parts = st.lists(
    st.tuples(st.sampled_from(["max", "after", "before", "index", "first"]) | anything, values), max_size=4
)


def broken(form_type: str | None, fields: list[tuple[str, list[str]]], parts: list[tuple[str, str]]) -> Element:
    """A query with a form and a page that nobody checked."""
    element = Element(f"{{{MAM_NS}}}query")
    filled = SubElement(element, f"{{{FORM_NS}}}x", {} if form_type is None else {"type": form_type})
    for name, texts in fields:
        field = SubElement(filled, f"{{{FORM_NS}}}field", {"var": name} if name else {})
        for text in texts:
            SubElement(field, f"{{{FORM_NS}}}value").text = text or None
    page = SubElement(element, f"{{{RSM_NS}}}set")
    for name, text in parts:
        SubElement(page, f"{{{RSM_NS}}}{name}").text = text or None
    return element


class TestMalformed:
    """R2: whatever a client sends is a query or a BadQuery."""

    @given(st.sampled_from(["submit", "submit", "form", "cancel", None]), fields, parts)
    def test_no_other_error(
        self, form_type: str | None, fields: list[tuple[str, list[str]]], parts: list[tuple[str, str]]
    ) -> None:
        try:
            asked = read_query(broken(form_type, fields, parts))
        except BadQuery as problem:
            assert str(problem).endswith(".")
        else:
            assert asked.page.max is None or asked.page.max >= 0
            assert asked.ids is None or asked.ids

    @given(fields)
    def test_no_field_is_overlooked(self, fields: list[tuple[str, list[str]]]) -> None:
        """A filter that was silently left out would show more than was asked for."""
        fields = [("FORM_TYPE", [MAM_NS]), *fields]
        try:
            asked = read_query(broken("submit", fields, []))
        except BadQuery:
            return
        given = {name for name, texts in fields[1:] if any(text.strip() for text in texts)}
        read = {
            "with": asked.with_jid,
            "start": asked.start,
            "end": asked.end,
            "before-id": asked.before_id,
            "after-id": asked.after_id,
            "ids": asked.ids,
            FULLTEXT: asked.text,
        }
        assert given - {"ids"} == {name for name, value in read.items() if value is not None} - {"ids"}


class TestAnswers:
    """XEP-0313 §4.2 to §5"""

    def test_result(self) -> None:
        """The message is one of a client's stream, wherever it is put."""
        text = result("f<27", "a1", '<message from="bob@d" to="alice@c"><body>Hi</body></message>', "alice@c", NOON)
        assert text == (
            '<result xmlns="urn:xmpp:mam:2" queryid="f&lt;27" id="a1"><forwarded xmlns="urn:xmpp:forward:0">'
            '<delay xmlns="urn:xmpp:delay" from="alice@c" stamp="2026-01-01T12:00:00.000000Z"/>'
            '<message xmlns="jabber:client" from="bob@d" to="alice@c"><body>Hi</body></message></forwarded></result>'
        )
        assert "queryid" not in result(None, "a1", "<message />", "alice@c", NOON)

    def test_fin(self) -> None:
        assert serialise(fin("a", "b", 7, True)) == (
            '<fin xmlns="urn:xmpp:mam:2" complete="true"><set xmlns="http://jabber.org/protocol/rsm">'
            "<first>a</first><last>b</last><count>7</count></set></fin>"
        )

    def test_fin_of_an_empty_page(self) -> None:
        """XEP-0059 §2.2: no first, no last; the set is there all the same (XEP-0313 §4)."""
        assert serialise(fin(None, None, None, False)) == (
            '<fin xmlns="urn:xmpp:mam:2"><set xmlns="http://jabber.org/protocol/rsm"/></fin>'
        )

    def test_metadata(self) -> None:
        assert serialise(metadata(("a", 0), ("b", NOON))) == (
            '<metadata xmlns="urn:xmpp:mam:2"><start id="a" timestamp="1970-01-01T00:00:00.000000Z"/>'
            '<end id="b" timestamp="2026-01-01T12:00:00.000000Z"/></metadata>'
        )
        assert serialise(metadata(None, None)) == '<metadata xmlns="urn:xmpp:mam:2"/>'

    def test_what_is_offered_can_be_read(self) -> None:
        """Every field of the form is one that a query may have."""
        variables = [field.get("var", "") for field in offered_form().iter(f"{{{FORM_NS}}}field")]
        some = {"FORM_TYPE": MAM_NS, "start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:00:00Z"}
        read(raw_form([(variable, [some.get(variable, "x")]) for variable in variables]))

    def test_preferences(self) -> None:
        assert serialise(preferences()) == '<prefs xmlns="urn:xmpp:mam:2" default="always"><always/><never/></prefs>'


FROM_EJABBERD = """
<iq from='cc.acme.test' to='agents.acme.test' id='rr-1' type='set'>
  <delegation xmlns='urn:xmpp:delegation:1'><forwarded xmlns='urn:xmpp:forward:0'>
    <iq xmlns='jabber:client' from='alice@cc.acme.test/gajim' to='alice@cc.acme.test' id='m1' type='set'>
      <query xmlns='urn:xmpp:mam:2'/>
    </iq>
  </forwarded></delegation>
</iq>
"""


class TestDelegation:
    """XEP-0355"""

    def test_the_request_inside(self) -> None:
        request = delegated_request(parse(FROM_EJABBERD))
        assert request is not None
        assert (request.get("id"), request[0].tag) == ("m1", "{urn:xmpp:mam:2}query")

    @pytest.mark.parametrize("inner", ["", "<message/>", "<iq/><iq/>", "<message/><iq/>", "<delay/>"])
    def test_no_request_inside(self, inner: str) -> None:
        wrapped = f"<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>"
        assert (
            delegated_request(parse(f"<iq><delegation xmlns='urn:xmpp:delegation:1'>{wrapped}</delegation></iq>"))
            is None
        )
        assert delegated_request(parse(f"<iq>{wrapped}</iq>")) is None

    def test_the_way_back(self) -> None:
        """To a resource of the server, for the sake of 24.12; a refusal is a result too, with an error inside."""
        iq = parse(FROM_EJABBERD)
        request = delegated_request(iq)
        assert request is not None
        answer = fromstring(delegation.answer(iq, refusal(request, Reason.NOT_YOUR_ARCHIVE)))
        assert dict(answer.attrib) == {
            "type": "result",
            "from": "agents.acme.test",
            "to": "cc.acme.test/deskbridge",
            "id": "rr-1",
        }
        inner = unwrap(answer[0])
        assert inner is not None
        assert inner.tag == "{jabber:client}iq"
        assert dict(inner.attrib) == {
            "type": "error",
            "from": "alice@cc.acme.test",
            "to": "alice@cc.acme.test/gajim",
            "id": "m1",
        }
        assert inner.find("{jabber:client}error") is not None

    def test_what_is_delegated(self) -> None:
        grant = (
            "<message><delegation xmlns='urn:xmpp:delegation:1'><delegated namespace='urn:xmpp:mam:2'/>"
            "<delegated namespace='urn:example'/></delegation></message>"
        )
        assert delegated_namespaces(parse(grant)) == ["urn:xmpp:mam:2", "urn:example"]
        assert delegated_namespaces(parse("<message/>")) == []


class TestPrivilege:
    """XEP-0356"""

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_grant(self, version: int) -> None:
        """In the namespace that the server speaks."""
        grant = (
            f"<message><privilege xmlns='urn:xmpp:privilege:{version}'><perm access='roster' type='none'/>"
            "<perm access='message' type='outgoing'/></privilege></message>"
        )
        assert privilege.outgoing_granted(parse(grant)) == f"urn:xmpp:privilege:{version}"

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "<privilege xmlns='urn:xmpp:privilege:2'><perm access='message' type='none'/></privilege>",
            "<privilege xmlns='urn:xmpp:privilege:2'><perm access='presence' type='outgoing'/></privilege>",
            "<privilege xmlns='urn:xmpp:privilege:9'><perm access='message' type='outgoing'/></privilege>",
            "<grant xmlns='urn:xmpp:privilege:2'><perm access='message' type='outgoing'/></grant>",
        ],
    )
    def test_no_grant(self, content: str) -> None:
        assert privilege.outgoing_granted(parse(f"<message>{content}</message>")) is None

    def test_a_message_in_an_accounts_name(self) -> None:
        text = privilege.in_the_name_of_an_account(
            '<message from="alice@c" to="alice@c/1"><x xmlns="y"/></message>', "agents", "c", "urn:xmpp:privilege:1"
        )
        assert text == (
            '<message from="agents" to="c"><privilege xmlns="urn:xmpp:privilege:1">'
            '<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="alice@c" to="alice@c/1">'
            '<x xmlns="y"/></message></forwarded></privilege></message>'
        )

    def test_forwarded_comes_back(self) -> None:
        text = forwarded("<iq id='1'><a/></iq>")
        inner = unwrap(parse(f"<message>{text}</message>"))
        assert inner is not None
        assert (inner.tag, inner[0].tag) == ("{jabber:client}iq", "{jabber:client}a")
