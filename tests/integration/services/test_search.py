"""Finding people by search (XEP-0055, D2): who finds whom, by what, and in pages."""

from xml.etree.ElementTree import Element

import pytest

from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.client import XmppClient
from tests.support.log_ins import LogIn, Reconfigure
from tests.support.matching import iq
from tests.support.scripts import ALICE, BOB, CAROL, DAN, ERIN, LENA, SUE, error_of, error_text

AGENTS, WORK = "agents.acme.test", "directory.acme.test"
SEARCH = "jabber:iq:search"
FORM = "jabber:x:data"
RSM = "http://jabber.org/protocol/rsm"
DISCO = "http://jabber.org/protocol/disco"


async def search(client: XmppClient, host: str, content: str) -> Element:
    return await client.request(f"<iq type='set' to='{host}'><query xmlns='{SEARCH}'>{content}</query></iq>")


def form(**fields: str) -> str:
    filled = "".join(
        f"<field var='{var.replace('_', '-')}'><value>{value}</value></field>" for var, value in fields.items()
    )
    return f"<x xmlns='{FORM}' type='submit'><field var='FORM_TYPE'><value>{SEARCH}</value></field>{filled}</x>"


def page(**parts: str) -> str:
    return f"<set xmlns='{RSM}'>{''.join(f'<{name}>{text}</{name}>' for name, text in parts.items())}</set>"


def rows(answer: Element) -> list[dict[str | None, str | None]]:
    assert iq(type="result")(answer)
    items = answer.iter(f"{{{FORM}}}item")
    return [{field.get("var"): field.findtext("{*}value") for field in item} for item in items]


def faces(answer: Element) -> list[str | None]:
    return [row["jid"] for row in rows(answer)]


async def found(client: XmppClient, host: str, **fields: str) -> list[str | None]:
    return faces(await search(client, host, form(**fields)))


class TestFields:
    async def test_a_form_and_the_fields_of_old(self, carol: XmppClient, bob: XmppClient) -> None:
        """The groups are those by which one may look: Carol's own, and none for Work users, nor on Work faces."""
        for client, host, groups in (
            (carol, AGENTS, ["any", "Sales desk", "Support desk"]),
            (carol, WORK, []),
            (bob, AGENTS, []),
        ):
            answer = await client.request(f"<iq type='get' to='{host}'><query xmlns='{SEARCH}'/></iq>")
            query = answer[0]
            assert {"instructions", "first", "last", "nick"} <= {part.tag.partition("}")[2] for part in query}
            offered = query.find(f"{{{FORM}}}x[@type='form']")
            assert offered is not None
            kinds = {field.get("var"): field.get("type") for field in offered.iterfind("{*}field")}
            assert kinds["FORM_TYPE"] == "hidden"
            assert {"nick", "x-title"} <= kinds.keys()
            assert [option.get("label") for option in offered.iter(f"{{{FORM}}}option")] == groups


class TestWhom:
    async def test_work_users_find_agents(self, bob: XmppClient) -> None:
        """All of them (M1), by name; and no Work users, whom they know from elsewhere (M11)."""
        assert await found(bob, AGENTS) == [ALICE, CAROL, DAN, LENA, SUE]
        assert await found(bob, WORK) == []

    async def test_agents_find_work_users(self, alice: XmppClient) -> None:
        """All but oneself (M2, M10)."""
        assert await found(alice, WORK) == [BOB, ERIN, "lena@directory.acme.test", "sue@directory.acme.test"]

    async def test_agents_find_whom_they_may_see(self, alice: XmppClient, sue: XmppClient) -> None:
        """M3: of one's group; M5: without a Work licence; M4: a supervisor, anybody."""
        assert await found(alice, AGENTS) == [CAROL, DAN]
        assert await found(sue, AGENTS) == [ALICE, CAROL, DAN, LENA]

    async def test_not_across_the_sides_unless_joined(
        self, alice: XmppClient, bob: XmppClient, reconfigure: Reconfigure
    ) -> None:
        await reconfigure(mode=1)
        assert await found(bob, AGENTS) == []
        assert await found(alice, WORK) == []
        assert await found(alice, AGENTS) == [CAROL]

    @pytest.mark.parametrize("account", ["stranger@work.acme.test", "alice@cc.globex.test"])
    async def test_strangers(self, log_in: LogIn, account: str) -> None:
        """M9, AD4"""
        client = await log_in(account)
        for host in (AGENTS, WORK):
            assert error_of(await search(client, host, form(nick="alice"))) == "auth/forbidden"
            asked = await client.request(f"<iq type='get' to='{host}'><query xmlns='{SEARCH}'/></iq>")
            assert error_of(asked) == "auth/forbidden"

    async def test_who_has_left(self, bob: XmppClient, bridge: BridgeProcess, reconfigure: Reconfigure) -> None:
        """D1: a new directory counts at once."""
        bridge.write_people("acme", PEOPLE.replace("Dan Diaz", "Daniela Díaz"))
        await bridge.reload()
        try:
            assert await found(bob, AGENTS, nick="daniela") == [DAN]
        finally:
            bridge.write_people("acme", PEOPLE)
            await bridge.reload()
        assert await found(bob, AGENTS, nick="daniela") == []


class TestBy:
    async def test_name(self, bob: XmppClient) -> None:
        """The beginnings of words, in any order, case or accent; asterisks are what others need."""
        for name in ("alice ames", "ALI", "ames al", "Álîçe", "ali*", " alice  "):
            assert await found(bob, AGENTS, nick=name) == [ALICE], name
        assert await found(bob, AGENTS, nick="lice") == []
        assert await found(bob, AGENTS, nick="al ch") == []
        assert await found(bob, AGENTS, nick="%") == []

    async def test_title(self, bob: XmppClient, alice: XmppClient) -> None:
        assert await found(bob, AGENTS, x_title="sales") == [ALICE, SUE]
        assert await found(bob, AGENTS, x_title="sales", nick="su") == [SUE]
        (row,) = rows(await search(alice, WORK, form(x_title="ware")))
        assert row == {"jid": BOB, "nick": "Bob Berg", "x-title": "Warehouse"}

    async def test_group(self, carol: XmppClient, alice: XmppClient, bob: XmppClient) -> None:
        """By its id, as forms give it, or by its name; and only those groups that one knows of."""
        for group in ("support", "Support desk", "supp"):
            assert await found(carol, AGENTS, x_group=group) == [DAN]
            assert await found(alice, AGENTS, x_group=group) == []  # Alice, in sales, sees Dan and not his group
            assert await found(bob, AGENTS, x_group=group) == []
        (row,) = rows(await search(carol, AGENTS, form(nick="dan")))
        assert row["x-group"] == "Support desk"
        (row,) = rows(await search(alice, AGENTS, form(nick="carol")))
        assert row["x-group"] == "Sales desk"

    async def test_the_fields_of_old(self, bob: XmppClient) -> None:
        for content in ("<nick>alice</nick>", "<first>Alice</first><last>ames</last>", "<last>AMES</last>"):
            answer = await search(bob, AGENTS, content)
            (item,) = answer.iter(f"{{{SEARCH}}}item")
            assert item.get("jid") == ALICE
            told = {part.tag.partition("}")[2]: part.text for part in item}
            assert told == {"first": "Alice", "last": "Ames", "nick": "Alice Ames", "email": None}
        for content in ("<email>alice@agents.acme.test</email>", "<nick>nobody</nick>"):
            assert not list((await search(bob, AGENTS, content)).iter(f"{{{SEARCH}}}item"))

    async def test_no_real_address(self, bob: XmppClient, alice: XmppClient) -> None:
        """AD2: an address of the other side is neither told nor known."""
        for client, host in ((bob, AGENTS), (alice, WORK)):
            answer = await search(client, host, form())
            assert not [row for row in rows(answer) if "@cc." in str(row) or "@work." in str(row)]


class TestPages:
    async def test_forwards(self, bob: XmppClient) -> None:
        """XEP-0059 §2.2"""
        asked, got, counts = page(max="2"), [], []
        while True:
            answer = await search(bob, AGENTS, form() + asked)
            counts.append(answer.findtext(f".//{{{RSM}}}count"))
            if not faces(answer):
                break
            got += faces(answer)
            last = answer.findtext(f".//{{{RSM}}}last")
            assert last == got[-1]
            asked = page(max="2", after=str(last))
        assert got == [ALICE, CAROL, DAN, LENA, SUE]
        assert set(counts) == {"5"}

    async def test_backwards(self, bob: XmppClient) -> None:
        answer = await search(bob, AGENTS, form() + page(max="2", before=""))
        assert faces(answer) == [LENA, SUE]
        answer = await search(bob, AGENTS, form() + page(max="2", before=LENA))
        assert faces(answer) == [CAROL, DAN]

    async def test_only_how_many(self, bob: XmppClient) -> None:
        """XEP-0059 §2.7"""
        answer = await search(bob, AGENTS, form() + page(max="0"))
        assert faces(answer) == []
        assert answer.findtext(f".//{{{RSM}}}count") == "5"

    async def test_mistakes(self, bob: XmppClient) -> None:
        for content, error in (
            (form() + page(max="2", after="nobody@agents.acme.test"), "cancel/item-not-found"),
            (form() + page(max="two"), "modify/bad-request"),
            (form() + page(max="2", index="1"), "cancel/feature-not-implemented"),
            (f"<x xmlns='{FORM}' type='form'/>", "modify/bad-request"),
        ):
            answer = await search(bob, AGENTS, content)
            assert error_of(answer) == error
            assert error_text(answer)

    async def test_ever_so_often(self, erin: XmppClient, bob: XmppClient) -> None:
        """R2: who only searches is told to wait; nobody else is."""
        answers = [error_of(await search(erin, AGENTS, form())) for _ in range(150)]
        assert "wait/resource-constraint" in answers
        assert await found(bob, AGENTS, nick="alice") == [ALICE]


class TestWhereItIsFound:
    """Gajim and others offer a search where the server lists its host."""

    @pytest.mark.parametrize(
        ("account", "hosts", "name"),
        [("carol@cc.acme.test", [AGENTS, WORK], "Bob"), ("bob@work.acme.test", [AGENTS], "Carol")],
    )
    async def test_the_server_lists_it(self, log_in: LogIn, account: str, hosts: list[str], name: str) -> None:
        """From there a client asks what each host is, then for its form, then for people."""
        client = await log_in(account)
        server = account.partition("@")[2]
        items = await client.request(f"<iq type='get' to='{server}'><query xmlns='{DISCO}#items'/></iq>")
        listed = sorted(item.get("jid", "") for item in items.iter(f"{{{DISCO}#items}}item"))
        searched = []
        for host in listed:
            info = await client.request(f"<iq type='get' to='{host}'><query xmlns='{DISCO}#info'/></iq>")
            if SEARCH in {feature.get("var") for feature in info.iter(f"{{{DISCO}#info}}feature")}:
                asked = await client.request(f"<iq type='get' to='{host}'><query xmlns='{SEARCH}'/></iq>")
                assert asked.find(f".//{{{FORM}}}x") is not None
                searched.append(host)
        assert searched == hosts
        assert len(await found(client, searched[-1], nick=name)) == 1
