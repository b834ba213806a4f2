"""What the demonstration prepares: every port has an option, which its files follow; a certificate for clients."""

import shutil
import socket
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from component.cli.demo import demo
from component.config.configuration import load_settings
from component.demo.demo_configuration import follow
from component.demo.demo_server import CERTIFICATE, DemoError, Ports, make_certificate
from component.ejabberd.site import LOOPBACK
from tests.support.demo import free_ports_of_demo

EXAMPLE = Path(__file__).parents[2] / "examples" / "deskbridge.toml"
NAMES = [field.name for field in fields(Ports)]


@pytest.mark.parametrize("name", NAMES)
def test_the_option_of_a_taken_port_is_named(tmp_path: Path, name: str) -> None:
    """Nothing was begun by then: a folder in use stays as it is."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        ports = replace(free_ports_of_demo(), **{name: port})
        options = [f"--{name}-port={getattr(ports, name)}" for name in NAMES]
        result = CliRunner().invoke(demo, ["--folder", str(tmp_path / "run"), *options])
    assert result.exit_code == 1
    assert f"port {port} is in use" in result.output
    assert f"choose another with --{name}-port" in result.output
    assert not (tmp_path / "run").exists()


def test_the_frames_of_the_page_belong_to_its_option() -> None:
    ports = free_ports_of_demo()
    with (
        socket.create_server((LOOPBACK, ports.page + 2)),
        pytest.raises(DemoError, match=f"port {ports.page + 2} is in use.*--page-port"),
    ):
        ports.check()


def test_two_options_want_one_port() -> None:
    ports = free_ports_of_demo()
    with pytest.raises(DemoError, match=f"port {ports.api} cannot be that of --api-port and of --links-port"):
        replace(ports, links=ports.api).check()
    with pytest.raises(DemoError, match="of --web-port and of --page-port"):
        replace(ports, web=ports.page + 1).check()


def test_a_folder_of_before_follows(tmp_path: Path) -> None:
    """What its owner changed otherwise stays."""
    path = Path(shutil.copy(EXAMPLE, tmp_path))
    path.write_text(path.read_text().replace("link_days = 30 ", "link_days = 7 "))
    before = path.read_text().splitlines()
    for ports in (Ports(component=15347, api=15281, links=18088), Ports()):
        follow(path, ports)
        settings = load_settings(path, {"DESKBRIDGE_XMPP_SECRET": "swordfish"})
        assert settings.xmpp.port == ports.component
        assert settings.ejabberd.api_url == f"http://127.0.0.1:{ports.api}/api"
        assert settings.web.listen == f"127.0.0.1:{ports.links}"
        assert settings.web.public_url == f"http://127.0.0.1:{ports.links}"
    assert path.read_text().splitlines() == before


def test_the_certificate_stays_and_is_nobody_elses(tmp_path: Path) -> None:
    """Who trusts it has to do so once. A folder of before gets one that is for uploads too."""
    (tmp_path / "ejabberd").mkdir()
    with_key = tmp_path / "ejabberd" / CERTIFICATE
    with_key.touch(0o600)
    settings = load_settings(EXAMPLE, {"DESKBRIDGE_XMPP_SECRET": "swordfish"})
    public = make_certificate(tmp_path, settings)
    first = public.read_text()
    assert make_certificate(tmp_path, settings).read_text() == first
    assert with_key.read_text().endswith(first)
    assert with_key.stat().st_mode & 0o077 == 0
    command = ["openssl", "x509", "-in", str(public), "-noout", "-text"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for expected in ("DNS:work.acme.test", "DNS:cc.acme.test", "IP Address:127.0.0.1", "CA:FALSE"):
        assert expected in said


def test_a_line_that_is_gone(tmp_path: Path) -> None:
    path = Path(shutil.copy(EXAMPLE, tmp_path))
    path.write_text(path.read_text().replace("public_url =", "# public_url ="))
    with pytest.raises(DemoError, match=r"deskbridge\.toml has no line that begins with `public_url =`"):
        follow(path, Ports())
