"""Starts desktop clients for a look by hand: ``make clients-look``, or ``python scripts/clients_look.py FOLDER
[CLIENT=ACCOUNT ...]`` as root, for example ``pidgin=alice@cc.acme.test``.

The demonstration runs in namespaces of its own (unshare(1)): its network is empty, so all its ports are free; there
the hosts of the example tenant have addresses, which Dino needs, and its certificate is believed; and everything ends
with this process. Each client has a display, a home folder and a D-Bus session of its own, and runs as nobody, as
Gajim refuses to run as root.

Each line that is typed is the name of pictures of all displays, which go to FOLDER; the end of the input stops
everything. Displays are reached from outside as well: ``DISPLAY=:91 xdotool type Hello``.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

SOURCE = Path(__file__).parents[1]
sys.path.insert(0, str(SOURCE))

from component.demo.demo_server import PASSWORD  # noqa: E402

INSIDE = "DESKBRIDGE_CLIENTS_LOOK"
HOSTS = "127.0.0.1 localhost work.acme.test cc.acme.test upload.work.acme.test\n"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
SECONDS = 180.0
NOBODY = 65534
FIRST_DISPLAY = 91
PEOPLE = (
    "gajim=alice@cc.acme.test",
    "pidgin=carol@cc.acme.test",
    "dino-im=bob@work.acme.test",
    "psi-plus=erin@work.acme.test",
)


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        spaces = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
        os.execvp("unshare", ["unshare", *spaces, sys.executable, *sys.argv])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    _alone(folder)
    with ExitStack() as running:
        certificate = running.enter_context(_demonstration(folder / "demo"))
        _put(str(AUTHORITIES), AUTHORITIES.read_text() + certificate.read_text(), folder)
        displays = {}
        for one in wanted or PEOPLE:
            client, _, account = one.partition("=")
            displays[one] = display = running.enter_context(_display())
            _start(client, account, display, folder / f"{client}-{account}", certificate)
            print(f"DISPLAY={display}  {client} of {account}", flush=True)
        print(f"Pictures go to {folder}. Type a name for the next ones; Ctrl-D stops everything.", flush=True)
        for line in sys.stdin:
            for one, display in displays.items():
                name = f"{line.strip() or time.strftime('%H%M%S')}-{one.partition('@')[0].replace('=', '-')}.png"
                subprocess.run(["import", "-display", display, "-window", "root", folder / name], check=False)


def _alone(folder: Path) -> None:
    """A network that leads nowhere but looks as if it did, or clients would wait for one: GLib for a default route,
    and name look-ups for an address that is not loopback's (AI_ADDRCONFIG, getaddrinfo(3))."""
    for command in ("link set lo up", "address add 192.0.2.1/32 dev lo", "route add default dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    _put("/etc/hosts", HOSTS, folder)
    _put("/etc/resolv.conf", "nameserver 127.0.0.1\n", folder)


def _put(path: str, text: str, folder: Path) -> None:
    """In the place of a file, for those in here alone."""
    copy = folder / Path(path).name
    copy.write_text(text)
    subprocess.run(["mount", "--bind", copy, path], check=True)


@contextmanager
def _demonstration(folder: Path) -> Iterator[Path]:
    """Its certificate, once people can log in."""
    folder.mkdir(exist_ok=True)
    log = folder / "demo.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "component.cli", "demo", "--folder", str(folder)]
        process = subprocess.Popen(command, cwd=SOURCE, stdout=output, stderr=output)
    try:
        _until(lambda: "ready after" in log.read_text() or process.poll() is not None)
        if process.poll() is not None:
            raise SystemExit(log.read_text())
        yield folder / "certificate.crt"
    finally:
        process.terminate()
        process.wait()


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > end:
            raise SystemExit("Something did not start in time.")
        time.sleep(0.1)


@contextmanager
def _display() -> Iterator[str]:
    """The name of a new one. Xvfb would take one of other namespaces for dead, as its process cannot be seen."""
    number = next(number for number in count(FIRST_DISPLAY) if not _socket(number).exists())
    command = ["Xvfb", f":{number}", "-ac", "-screen", "0", "1100x750x24"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            _until(_socket(number).exists)
            yield f":{number}"
        finally:
            process.terminate()


def _socket(display: int) -> Path:
    return Path(f"/tmp/.X11-unix/X{display}")


# One client


def _start(client: str, account: str, display: str, home: Path, certificate: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    environment = _environment(home, display)
    PREPARED[client](home, account, certificate, environment)
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", home], check=True)
    _run(["openbox"], home, environment)
    _run([client], home, environment)


def _environment(home: Path, display: str) -> dict[str, str]:
    keep = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_AT_BRIDGE": "1", "GSK_RENDERER": "cairo"}
    return {**keep, "HOME": str(home), "DISPLAY": display, "XDG_RUNTIME_DIR": str(home)}


def _run(command: list[str], home: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with (home / f"{command[0]}.log").open("ab") as log:
        command = [*nobody, "dbus-run-session", "--", *command]
        return subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True)


def _gajim(home: Path, account: str, certificate: Path, environment: dict[str, str]) -> None:
    name, _, host = account.partition("@")
    folder = home / ".config" / "gajim"
    folder.mkdir(parents=True)
    account_settings = {"active": True, "name": name, "hostname": host, "password": PASSWORD}
    with closing(sqlite3.connect(folder / "settings.sqlite")) as database:
        database.execute("CREATE TABLE settings (name TEXT UNIQUE, settings TEXT)")
        database.execute("CREATE TABLE account_settings (account TEXT UNIQUE, settings TEXT)")
        database.executemany(
            "INSERT INTO settings VALUES (?, ?)",
            [
                ("app", json.dumps({"use_keyring": False, "show_main_window_on_startup": "always"})),
                ("workspaces", json.dumps({"first": {}})),
                *((part, "{}") for part in ("soundevents", "status_presets", "proxies", "plugins")),
            ],
        )
        settings = {"account": account_settings, "contact": {}, "group_chat": {}}
        database.execute("INSERT INTO account_settings VALUES (?, ?)", (account, json.dumps(settings)))
        database.execute("PRAGMA user_version = 5")
        database.commit()


def _pidgin(home: Path, account: str, certificate: Path, environment: dict[str, str]) -> None:
    trusted = home / ".purple" / "certificates" / "x509" / "tls_peers"
    trusted.mkdir(parents=True)
    shutil.copy(certificate, trusted / account.partition("@")[2])
    (home / ".purple" / "accounts.xml").write_text(
        f"<account version='1.0'><account><protocol>prpl-jabber</protocol><name>{account}/Pidgin</name>"
        f"<password>{PASSWORD}</password>"
        "<settings ui='gtk-gaim'><setting name='auto-login' type='bool'>1</setting></settings></account></account>"
    )


def _dino(home: Path, account: str, certificate: Path, environment: dict[str, str]) -> None:
    """It makes its database itself, of whatever form it has today."""
    subprocess.run(["chown", f"{NOBODY}:{NOBODY}", home], check=True)
    first = _run(["dino-im"], home, environment)
    path = home / ".local" / "share" / "dino" / "dino.db"
    _until(lambda: path.exists() and _has_accounts(path))
    os.killpg(first.pid, signal.SIGTERM)
    first.wait()
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "INSERT INTO account (bare_jid, resourcepart, password, alias, enabled) VALUES (?, 'dino', ?, '', 1)",
            (account, PASSWORD),
        )
        database.commit()


def _has_accounts(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as database:
        return bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'conversation_settings'").fetchall())


def _psi(home: Path, account: str, certificate: Path, environment: dict[str, str]) -> None:
    folder = home / ".config" / "psi+" / "profiles" / "default"
    folder.mkdir(parents=True)
    (folder / "options.xml").write_text(
        "<options xmlns='http://psi-im.org/options' version='1'><options><ui><tip><show type='bool'>false</show></tip>"
        "</ui><keychain><enabled type='bool'>false</enabled></keychain></options></options>"
    )
    (folder / "accounts.xml").write_text(
        "<accounts xmlns='http://psi-im.org/options'><accounts><a0>"
        f"<name type='QString'>{account}</name><jid type='QString'>{account}</jid>"
        "<enabled type='bool'>true</enabled><auto type='bool'>true</auto>"
        "<ignore-SSL-warnings type='bool'>true</ignore-SSL-warnings><use-host type='bool'>true</use-host>"
        "<host type='QString'>127.0.0.1</host><port type='int'>5222</port>"
        f"<password type='QString'>{_psi_password(account)}</password></a0></accounts></accounts>"
    )


def _psi_password(account: str) -> str:
    """As Psi writes it: each character combined with one of the address."""
    return "".join(f"{ord(one) ^ ord(account[place % len(account)]):04x}" for place, one in enumerate(PASSWORD))


PREPARED = {"gajim": _gajim, "pidgin": _pidgin, "dino-im": _dino, "psi-plus": _psi}

if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
