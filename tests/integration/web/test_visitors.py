"""R2: who a visitor is, how often they may come, and who may see health and metrics."""

import pytest

from component.web.http_routes import ALL, EACH, Visitors, client, may_watch
from component.web.listener import MOST_CONNECTIONS, MOST_OF_ONE_ADDRESS, MOST_OF_THIS_MACHINE, ConnectionCount

ONLY_OF_PROXIES = """
via X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Server X-Forwarded-Prefix X-Forwarded x-forwarded-by
Forwarded-For CF-Connecting-IP CF-Connecting-IPv6 CF-Ray CF-Visitor CF-IPCountry CDN-Loop True-Client-IP X-Client-IP
X-Cluster-Client-IP Client-IP Fastly-Client-IP Fastly-FF Fly-Client-IP X-Original-Forwarded-For X-Original-URI
X-Original-Host X-Originating-IP X-Remote-IP X-Remote-Addr X-ProxyUser-IP X-Proxied-For Proxy-Connection X-Scheme
WL-Proxy-Client-IP X-Envoy-External-Address X-Amzn-Trace-Id X-Amz-Cf-Id CloudFront-Viewer-Address X-Azure-ClientIP
X-ARR-LOG-ID X-AppEngine-User-IP X-Cloud-Trace-Context X-Vercel-Id X-Peer-Addr
X-Varnish Surrogate-Capability Front-End-Https X-Url-Scheme X-Rewrite-URL X-Accel-Internal Early-Data SSL-Client-Verify
X-SSL-Client-Cert X-Client-Cert X-Edge-IP CDN-Src-IP
"""

OF_PLAIN_CLIENTS = """
Host User-Agent Accept Accept-Encoding Accept-Language Connection Authorization Cache-Control Cookie Referer Priority
X-Prometheus-Scrape-Timeout-Seconds Upgrade-Insecure-Requests Sec-Fetch-Site Sec-CH-UA DNT Pragma TE traceparent
"""


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("203.0.113.9", {}, "203.0.113.9"),
        ("203.0.113.9", {"X-Forwarded-For": "198.51.100.7"}, "203.0.113.9"),
        ("192.168.1.9", {"X-Forwarded-For": "198.51.100.7"}, "192.168.1.9"),
        ("127.0.0.1", {}, "127.0.0.1"),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, "198.51.100.7"),
        ("::1", {"X-Forwarded-For": "1.2.3.4, 10.0.0.1,198.51.100.7"}, "198.51.100.7"),
        ("127.0.0.1", {"X-Forwarded-For": "2001:db8::7"}, "2001:db8::7"),
        ("127.0.0.1", {"X-Forwarded-For": "unknown"}, "255.255.255.255"),
        ("127.0.0.1", {"X-Forwarded-For": ""}, "255.255.255.255"),
        ("::ffff:203.0.113.9", {}, "203.0.113.9"),
        ("fe80::1%eth0", {}, "fe80::1"),
        (None, {}, "255.255.255.255"),
    ],
)
def test_only_a_proxy_of_this_machine_is_believed(peer: str | None, headers: dict[str, str], expected: str) -> None:
    """And only what it has added itself."""
    assert str(client(peer, headers)) == expected


@pytest.mark.parametrize(
    ("peer", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.1.2.3", {}, True),
        ("192.168.7.8", {}, True),
        ("fd00::7", {}, True),
        ("::ffff:10.1.2.3", {}, True),
        ("8.8.8.8", {}, False),
        ("2a00:1450::1", {}, False),
        (None, {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
        ("10.1.2.3", {"X-Real-IP": "8.8.8.8"}, False),
        ("127.0.0.1", {"Via": "1.1 proxy"}, False),
        *(("127.0.0.1", {name: "any"}, False) for name in ONLY_OF_PROXIES.split()),
        *(("127.0.0.1", {name: "any"}, True) for name in OF_PLAIN_CLIENTS.split()),
    ],
)
def test_o4_who_may_watch(peer: str | None, headers: dict[str, str], allowed: bool) -> None:
    """This machine and private networks, but nobody who comes through a proxy: a careless one shows nothing."""
    assert may_watch(peer, headers) is allowed


class TestRates:
    def setup_method(self) -> None:
        self.now = 0.0
        self.visitors = Visitors(lambda: self.now)

    def come(self, address: str, times: int = 1) -> int:
        """How often they may."""
        return sum(self.visitors.may_come(client(address, {})) for _ in range(times))

    def test_one_visitor(self) -> None:
        assert self.come("203.0.113.9", 1000) == EACH.burst
        assert self.come("203.0.113.10", 10) == 10
        self.now += 1
        assert self.come("203.0.113.9", 1000) == EACH.messages_per_second

    def test_one_network_of_ipv6_is_one_visitor(self) -> None:
        assert sum(self.come(f"2001:db8:0:7::{n:x}") for n in range(1000)) == EACH.burst
        assert self.come("2001:db8:0:8::1") == 1

    def test_all_together(self) -> None:
        assert sum(self.come(f"203.0.113.{n}", 10) for n in range(100)) == ALL.burst
        self.now += 1
        assert self.come("198.51.100.1") == 1


class TestRoom:
    """Connections."""

    def test_of_one_address(self) -> None:
        room = ConnectionCount()
        assert sum(room.enter("203.0.113.9") for _ in range(MOST_OF_ONE_ADDRESS + 5)) == MOST_OF_ONE_ADDRESS
        assert room.enter("203.0.113.10")
        for _ in range(MOST_OF_ONE_ADDRESS + 5):
            room.leave("203.0.113.9")
        assert room.enter("203.0.113.9")

    def test_this_machine_has_its_own(self) -> None:
        room = ConnectionCount()
        assert sum(room.enter(f"203.0.{n}.1") for n in range(MOST_CONNECTIONS)) == MOST_CONNECTIONS
        assert not room.enter("198.51.100.1")
        assert [room.enter("127.0.0.1"), room.enter("::1")] == [True, True]
        assert sum(room.enter("127.0.0.1") for _ in range(MOST_OF_THIS_MACHINE)) == MOST_OF_THIS_MACHINE - 2
