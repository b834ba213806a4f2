"""The configuration printed for ejabberd: the examples are up to date, and a real ejabberd takes them (O2)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from component.cli.main import main
from component.config.configuration import load_settings
from component.ejabberd.ejabberd_api import EjabberdApi, EjabberdApiError
from component.ejabberd.ejabberd_yml import complete, part
from component.ejabberd.private_server import EjabberdServer, EjabberdServerError, free_ports
from component.ejabberd.site import LOOPBACK
from component.model import Mode, Settings
from tests.support.archive import ask
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.component import XmppComponent
from tests.support.log_ins import LogIn, LogIns, contacts_are_there
from tests.support.matching import message
from tests.support.postgresql import PostgreSQLServer, execute
from tests.support.scripts import ALICE, BOB, talk
from tests.support.server import (
    GUARD,
    PASSWORD,
    TestServer,
    install,
    make_certificate,
    running_ejabberd,
    server_folder,
)
from tests.support.stream import StreamClosed

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "deskbridge.toml"
SECRET = "not printed"
PAIR = ("alice@cc.acme.test", "bob@work.acme.test")
PRIVILEGE = re.compile(r"\{urn:xmpp:privilege:\d\}privilege")
ITEMS = "http://jabber.org/protocol/disco#items"
DELEGATION = "urn:xmpp:delegation:1::urn:xmpp:mam:2"

EXISTING_SERVER = """\
hosts: [work.acme.test]
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s}}
api_permissions:
  accounts: {{from: mod_http_api, who: all, what: register}}
modules:
  mod_adhoc: {{}}
  mod_disco: {{extra_domains: [agents.acme.test]}}
  mod_mam: {{}}
  mod_offline: {{}}
  mod_roster: {{}}
include_config_file:
  - "{included}"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as path:
        yield path


@pytest.fixture
def settings() -> Settings:
    return load_settings(EXAMPLE, {"DESKBRIDGE_XMPP_SECRET": SECRET})


def start(folder: Path, config: str, ports: list[int]) -> EjabberdServer:
    server = EjabberdServer(folder, config, ports=ports, guard=GUARD, install=install())
    server.start()
    return server


def on_free_ports(config: str, names: list[int], ports: list[int]) -> str:
    """As printed, but beside whatever runs on this machine."""
    for name, port in zip(names, ports, strict=True):
        config, count = re.subn(rf"port: {name}\b", f"port: {port}", config)
        assert count == 1
    return config.replace('ip: "::"', f'ip: "{LOOPBACK}"')


class TestExamples:
    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("ejabberd.yml.example", ()),
            ("ejabberd-part.yml.example", ("--part",)),
            ("ejabberd-postgresql.yml.example", ("--database", "postgresql")),
        ],
    )
    def test_are_what_the_command_prints(self, name: str, options: tuple[str, ...]) -> None:
        command = ["ejabberd-config", "--config", str(EXAMPLE), *options]
        result = CliRunner().invoke(main, command, env={"DESKBRIDGE_XMPP_SECRET": SECRET})
        assert result.stdout == (ROOT / "ejabberd" / name).read_text()
        assert SECRET not in result.stdout

    def test_the_part_is_part_of_the_whole(self, settings: Settings) -> None:
        """Line by line, in the same order."""
        whole = iter(complete(settings, with_secret=True).splitlines())
        lines = [line for line in part(settings, with_secret=True).splitlines() if not line.startswith("#")]
        assert [line for line in lines if line not in whole] == []

    def test_an_existing_server_keeps_its_database(self) -> None:
        command = ["ejabberd-config", "--config", str(EXAMPLE), "--part", "--database", "postgresql"]
        result = CliRunner().invoke(main, command, env={"DESKBRIDGE_XMPP_SECRET": SECRET})
        assert result.exit_code == 2
        assert "leave out --part or --database" in result.output


class TestOnPostgreSQL:
    async def test_everything_is_kept_there(self, postgresql: PostgreSQLServer, tmp_path: Path) -> None:
        """What a Work user and an agent say to each other is in the Work user's own history, and accounts of the same
        name on two hosts are two."""
        database = postgresql.database_for_ejabberd(install())
        with running_ejabberd(database) as ejabberd:
            await ejabberd.register("bob@cc.acme.test", *PAIR)
            log_in = LogIns(ejabberd, PAIR)
            async with BridgeProcess(tmp_path, ejabberd.settings):
                await contacts_are_there(ejabberd, PAIR)
                alice, bob = [await log_in(account) for account in PAIR]
                await talk(alice, bob, BOB)
                await talk(bob, alice, ALICE)
                await bob.logout()
                await ejabberd.server.restart_async()
            bob = await log_in("bob@work.acme.test", available=False)
            page = await ask(bob, with_=ALICE)
            assert [(one.message.get("from", "").partition("/")[0], one.body) for one in page.results] == [
                (ALICE, "Hello"),
                ("bob@work.acme.test", "Hello"),
            ]
            await log_in.log_out()
        accounts = execute(postgresql.url(database.database), "SELECT username, server_host FROM users ORDER BY 1, 2")
        assert accounts.split() == ["alice|cc.acme.test", "bob|cc.acme.test", "bob|work.acme.test"]


class TestOnEjabberd:
    async def test_takes_the_whole(self, folder: Path, settings: Settings) -> None:
        c2s, _, component, api = ports = free_ports(4)
        config = on_free_ports(complete(settings, with_secret=True), [5222, 5280, 5347, 5281], ports)
        certificate = make_certificate(folder)
        config = config.replace("/etc/ejabberd/ejabberd.pem", install().inside(certificate))
        config = config.replace("/var/lib/ejabberd", install().inside(folder / "spool"))
        server = start(folder, config, ports)
        try:
            await self.check_bridge_listeners(component, api)
            with pytest.raises(StreamClosed, match="could not log in"):
                await XmppClient("bob@work.acme.test", PASSWORD, c2s).login()
            async with EjabberdApi(f"http://{LOOPBACK}:{api}/api") as calls:
                with pytest.raises(EjabberdApiError, match="api_permissions"):
                    await calls.register("mallory@work.acme.test", PASSWORD)
        finally:
            server.stop()

    async def test_the_api_with_tls(self, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """The machine's certificates say who is trusted, though deskbridge does not read them for anything else."""
        c2s, component, api = ports = free_ports(3)
        certificate = make_certificate(folder)
        included = folder / "deskbridge.yml"
        listeners = on_free_ports(part(settings, with_secret=True), [5347, 5281], [component, api])
        included.write_text(listeners.replace("module: ejabberd_http\n", "module: ejabberd_http\n    tls: true\n"))
        config = EXISTING_SERVER.format(port=c2s, included=install().inside(included))
        config += f"certfiles:\n  - {install().inside(certificate)}\n"
        server = start(folder, config, ports)
        try:
            async with EjabberdApi(f"HTTPS://{LOOPBACK}:{api}/api") as calls:
                with pytest.raises(EjabberdApiError, match="certificate verify failed"):
                    await calls.roster("alice@cc.acme.test")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            async with EjabberdApi(f"HTTPS://{LOOPBACK}:{api}/api") as calls:
                assert await calls.roster("alice@cc.acme.test") == {}
        finally:
            server.stop()

    async def test_an_existing_server_takes_the_part(self, folder: Path, settings: Settings) -> None:
        c2s, component, api = ports = free_ports(3)
        included = folder / "deskbridge.yml"
        included.write_text(on_free_ports(part(settings, with_secret=True), [5347, 5281], [component, api]))
        config = EXISTING_SERVER.format(port=c2s, included=install().inside(included))
        server = start(folder, config, ports)
        try:
            await self.check_bridge_listeners(component, api)
            async with EjabberdApi(f"http://{LOOPBACK}:{api}/api") as calls:
                await calls.register("alice@cc.acme.test", PASSWORD)
            async with XmppClient("alice@cc.acme.test", PASSWORD, c2s) as alice:
                sent = await alice.say("bob@work.acme.test", "psst")
                await alice.expect(message(id=sent, type="error", error="forbidden"))
                assert await services(alice) == ["agents.acme.test", "directory.acme.test"]
            async with EjabberdApi(f"http://{LOOPBACK}:{api}/api") as calls:
                await calls.register("bob@work.acme.test", PASSWORD)
            async with XmppClient("bob@work.acme.test", PASSWORD, c2s) as bob:
                assert await services(bob) == ["agents.acme.test"]
        finally:
            server.stop()

    async def check_bridge_listeners(self, component_port: int, api_port: int) -> None:
        """One stream, grants on both hosts, and an API that knows rosters."""
        async with XmppComponent("agents.acme.test", SECRET, component_port) as component:
            for host in ("work.acme.test", "cc.acme.test"):
                await component.expect(message(sender=host, to="agents.acme.test"))
        async with EjabberdApi(f"http://{LOOPBACK}:{api_port}/api") as api:
            await api.add_contact("alice@cc.acme.test", "agents.acme.test")
            assert await api.roster("alice@cc.acme.test") == {"agents.acme.test": "both"}
            assert await api.sessions("alice@cc.acme.test") == set()

    def test_does_not_start_with_a_guard_without_hosts(self, folder: Path, settings: Settings) -> None:
        """Fails closed: a desk host whose guard would guard nothing must not come up."""
        config = complete(settings, with_secret=True)
        config = re.sub(r"mod_desk_guard:\n +component_hosts:\n( +- .*\n)+", "mod_desk_guard: {}\n", config)
        with pytest.raises(EjabberdServerError, match="component_hosts"):
            start(folder, config, free_ports(1))


async def services(client: XmppClient) -> list[str | None]:
    """The component hosts that the client's server lists."""
    host = client.account.partition("@")[2]
    items = await client.request(f"<iq type='get' to='{host}'><query xmlns='{ITEMS}'/></iq>")
    listed = sorted(item.get("jid", "") for item in items.iter(f"{{{ITEMS}}}item"))
    return [address for address in listed if "@" not in address and not address.endswith(host)]


class TestTenants:
    async def test_find_their_own_services(self, ejabberd: TestServer, login: LogIn) -> None:
        """D2, AD4: clients offer a search where the server lists the host. On Work faces, Work users find nobody."""
        for name in ("acme", "globex"):
            assert await services(await login(f"gina@cc.{name}.test")) == [
                f"agents.{name}.test",
                f"directory.{name}.test",
            ]
            assert await services(await login(f"walt@work.{name}.test")) == [f"agents.{name}.test"]

    def test_that_are_not_joined(self, settings: Settings) -> None:
        apart = replace(settings, tenants=tuple(replace(tenant, mode=Mode.ONE) for tenant in settings.tenants))
        printed = complete(apart, with_secret=False)
        assert re.findall(r"extra_domains:\n((?: +- .*\n)+)", printed) == [" " * 10 + "- agents.acme.test\n"] * 2

    async def test_are_granted_their_own_only(self, ejabberd: TestServer) -> None:
        """AD4: whatever ejabberd lets a component do is between one tenant's hosts and its service."""
        async with ejabberd.component() as component:
            await component.expect_nothing(message(type="never"), seconds=1)
        pairs = {(s.get("from", ""), s.get("to", "")) for s in component.received if PRIVILEGE.match(s[0].tag)}
        assert pairs == {
            (host, tenant.service)
            for tenant in ejabberd.settings.tenants
            for host in (tenant.work_host, tenant.desk_host)
        }
        delegated = {(s.get("from", ""), s.get("to", "")) for s in component.received if s[0].get("node") == DELEGATION}
        assert delegated == {(tenant.desk_host, tenant.service) for tenant in ejabberd.settings.tenants}

    @pytest.mark.parametrize("host", ["work.acme.test", "work.globex.test"])
    async def test_have_uploads_of_their_own(self, ejabberd: TestServer, login: LogIn, host: str) -> None:
        walt = await login(f"walt@{host}")
        slot = await walt.request(
            f"<iq type='get' to='upload.{host}'>"
            "<request xmlns='urn:xmpp:http:upload:0' filename='note.txt' size='5'/></iq>"
        )
        put, get = (next(slot.iter(f"{{urn:xmpp:http:upload:0}}{name}")).get("url", "") for name in ("put", "get"))
        async with aiohttp.ClientSession() as http:
            assert (await http.put(put, data=b"hello")).status == 201
            assert await (await http.get(get)).read() == b"hello"


class TestClients:
    async def test_may_send_more_than_deskbridge_takes(self, ejabberd: TestServer, login: LogIn) -> None:
        """C18: deskbridge answers what is too large; only far beyond it does ejabberd close the stream."""
        limit = ejabberd.settings.limits.stanza_bytes
        async with ejabberd.component() as component:
            walt = await login("walt@work.acme.test")
            await walt.say("gina@agents.acme.test", "x" * (limit + 1))
            await component.expect(message(to="gina@agents.acme.test"))
            await walt.say("gina@agents.acme.test", "x" * (2 * limit + 1))
            await walt.expect_closed()

    async def test_may_use_websocket(self, ejabberd: TestServer) -> None:
        framing = "urn:ietf:params:xml:ns:xmpp-framing"
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(f"http://{LOOPBACK}:{ejabberd.web_port}/ws", protocols=["xmpp"]) as socket,
        ):
            await socket.send_str(f"<open xmlns='{framing}' to='work.acme.test' version='1.0'/>")
            assert "<open" in await socket.receive_str()
            assert "PLAIN" in await socket.receive_str()
