"""R2: formatted messages (C10) are read by a process that can be given up, and nobody else waits for it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from component import sanitiser
from component.policy.classify import Part, classify
from component.processes import command
from component.richtext.formatted import read
from component.sanitiser import Sanitiser, Worker
from component.xml import parse
from tests.unit.richtext.shapes import body, typed, xhtml

HOSTS = ("work.acme.test", "cc.acme.test")
ALICE = "alice@cc.acme.test"

SENT = (body("Hello there"), xhtml("<p><b>Hello</b> there</p>"))
NEVER = [sys.executable, "-c", "for line in open(0): pass"]
"""A reader that does not answer."""


def parts(*children: object) -> Sequence[Part]:
    message = parse("<message/>")
    message.extend(children)  # type: ignore[arg-type]
    return classify(message).parts


@pytest.fixture
async def reader() -> AsyncIterator[Sanitiser]:
    made = Sanitiser()
    yield made
    await made.close()


def pid_of(worker: Worker) -> int:
    assert worker._process is not None
    return worker._process.pid


def is_there(pid: int) -> bool:
    """Not so if only its parent has not asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(120):
        while is_there(pid):  # noqa: ASYNC110 - it is no child of ours
            await asyncio.sleep(0.02)


async def test_what_the_process_read_is_what_the_message_says(reader: Sanitiser) -> None:
    """In every form, with all its languages, and whatever is in its texts."""
    for sent in (
        SENT,
        (typed("text/html", "<p>1 &lt; 2, <i>a\u2028b</i> \U0001f600</p>"),),
        (typed("text/markdown", "See [here](https://work.acme.test/~a@work.acme.test), *please*"),),
        (body("Hello", "en"), body("Hallo", "de"), xhtml("<b>Hello</b>", "<b>Hallo</b>", languages=("en", "de"))),
    ):
        expected = read(sent, HOSTS)
        assert expected is not None
        assert await reader.read(ALICE, parts(*sent), HOSTS) == expected.rendered()


async def test_what_is_of_no_use(reader: Sanitiser) -> None:
    """The next one is read by the same process."""
    assert await reader.read(ALICE, parts(typed("text/html", "<script>x</script>")), HOSTS) is None
    first = pid_of(reader._usual)
    assert await reader.read(ALICE, parts(body("Pay 10"), xhtml("<p>Pay 100</p>")), HOSTS) is None
    assert await reader.read(ALICE, parts(*SENT), HOSTS)
    assert pid_of(reader._usual) == first


async def test_what_is_too_deep_is_not_even_handed_over(reader: Sanitiser) -> None:
    deep = xhtml("x")
    for _ in range(60_000):
        outer = xhtml("")[0]
        outer.append(deep)
        deep = outer
    assert await reader.read(ALICE, [(part[0], deep) for part in parts(xhtml("x"))], HOSTS) is None
    assert reader._usual._process is None


async def test_there_is_no_process_before_the_first(reader: Sanitiser) -> None:
    assert reader._usual._process is None
    await reader.read(ALICE, parts(*SENT), HOSTS)
    assert is_there(pid_of(reader._usual))
    assert reader._apart._process is None


class TestGivenUp:
    async def test_a_process_that_does_not_answer(
        self, reader: Sanitiser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is ended, the log names the sender and has nothing of the message, and the next one gets a new process."""
        with monkeypatch.context() as patched:
            patched.setattr(sanitiser, "command", lambda module: NEVER)
            patched.setattr(sanitiser, "SECONDS", 0.5)
            assert await reader.read(ALICE, parts(*SENT), HOSTS) is None
        assert f"gave up reading a formatted message from {ALICE}: there was no answer for" in caplog.text
        assert "Hello" not in caplog.text
        assert reader._usual._process is None
        assert await reader.read(ALICE, parts(*SENT), HOSTS)

    async def test_its_sender_is_read_apart_from_the_others(
        self, reader: Sanitiser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(sanitiser, "command", lambda module: ["/bin/false"])
            assert await reader.read(ALICE, parts(*SENT), HOSTS) is None
        assert await reader.read(ALICE, parts(*SENT), HOSTS)
        os.kill(pid_of(reader._apart), signal.SIGSTOP)
        stuck = asyncio.create_task(reader.read(ALICE, parts(*SENT), HOSTS))
        for name in ("carol", "dan"):
            assert await reader.read(f"{name}@cc.acme.test", parts(*SENT), HOSTS)
        assert not stuck.done()
        os.kill(pid_of(reader._apart), signal.SIGCONT)
        assert await stuck

    async def test_it_is_trusted_again_later(self, reader: Sanitiser, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(sanitiser, "command", lambda module: ["/bin/false"])
            patched.setattr(sanitiser, "DOUBTED_SECONDS", 0.0)
            assert await reader.read(ALICE, parts(*SENT), HOSTS) is None
        assert await reader.read(ALICE, parts(*SENT), HOSTS)
        assert reader._apart._process is None

    async def test_whoever_waits_behind_it(self, reader: Sanitiser) -> None:
        """Gets a new process, and their own answer."""
        await reader.read(ALICE, parts(*SENT), HOSTS)
        first = pid_of(reader._usual)
        os.kill(first, signal.SIGSTOP)
        stuck = asyncio.create_task(reader.read(ALICE, parts(*SENT), HOSTS))
        waiting = asyncio.create_task(reader.read("carol@cc.acme.test", parts(xhtml("<b>Bye</b>")), HOSTS))
        await asyncio.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        assert await stuck is None
        answer = await waiting
        assert answer and answer.bodies == {None: "Bye"}

    async def test_a_question_that_nobody_waits_for_any_more(self, reader: Sanitiser) -> None:
        """Whoever asks next does not get the answer to it."""
        await reader.read(ALICE, parts(*SENT), HOSTS)
        os.kill(pid_of(reader._usual), signal.SIGSTOP)
        stuck = asyncio.create_task(reader.read(ALICE, parts(*SENT), HOSTS))
        await asyncio.sleep(0.05)
        stuck.cancel()
        answer = await reader.read(ALICE, parts(xhtml("<b>Bye</b>")), HOSTS)
        assert answer and answer.bodies == {None: "Bye"}

    async def test_a_reader_that_fails(
        self, reader: Sanitiser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log says with what, and not what was in the message."""
        failing = run("def read(parts, hosts): raise ValueError('of Hello there')\n")
        monkeypatch.setattr(sanitiser, "command", lambda module: failing)
        assert await reader.read(ALICE, parts(*SENT), HOSTS) is None
        assert f"from {ALICE}: the reader failed with ValueError" in caplog.text
        assert "Hello" not in caplog.text


def run(reading: str) -> list[str]:
    """The process with another ``read`` and a shorter time."""
    code = f"import component.sanitiser.__main__ as it\n{reading}it.rich_content, it.SECONDS = read, 0.2\nit.main()"
    return [sys.executable, "-c", code]


@pytest.mark.parametrize(
    "endless",
    ["def read(parts, hosts):\n    while True: pass\n", "def read(parts, hosts): (1 << 10**9) ** 9\n"],
    ids=["in Python", "in C"],
)
def test_the_process_ends_itself_in_the_middle_of_a_message(endless: str) -> None:
    """Also if nobody is there any more to end it."""
    ended = subprocess.run(run(endless), input=b'{"message": "<message/>", "hosts": []}\n', timeout=300, check=False)
    assert ended.returncode == -signal.SIGPROF


PARENT = """
import asyncio, sys
from component.xml import parse
from component.policy.classify import classify
from component.sanitiser import Sanitiser

async def main():
    reader = Sanitiser()
    await reader.read("alice@cc.acme.test", classify(parse(sys.argv[1])).parts, [])
    print(reader._usual._process.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
async def test_the_process_ends_with_its_parent(number: int) -> None:
    """However that ends."""
    message = "<message><content xmlns='urn:xmpp:content' type='text/markdown'>*x*</content></message>"
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, message), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_there(pid)
    parent.send_signal(number)
    await parent.wait()
    await gone(pid)


async def test_the_process_has_nothing_of_ours(
    reader: Sanitiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No database, no socket, no secret."""
    monkeypatch.setenv("DESKBRIDGE_XMPP_SECRET", "hush")
    with (tmp_path / "deskbridge.db").open("w"):
        await reader.read(ALICE, parts(*SENT), HOSTS)
        process = Path(f"/proc/{pid_of(reader._usual)}")
        opened = {link.name: os.readlink(link) for link in (process / "fd").iterdir()}
        assert opened.keys() == {"0", "1", "2"}
        assert b"hush" not in (process / "environ").read_bytes()


def test_libraries_say_nothing() -> None:
    """O4: markdown-it has a line for each thing that it tries."""
    asked = b"{\"message\": \"<message><content xmlns='urn:xmpp:content' type='text/markdown'>*x*</content></message>\""
    done = subprocess.run(
        command("component.sanitiser"), input=asked + b', "hosts": []}\n', capture_output=True, timeout=300, check=True
    )
    assert b"<em>x</em>" in done.stdout
    assert done.stderr == b""


async def test_a_signal_to_all_processes_does_not_stop_it(reader: Sanitiser) -> None:
    """The bridge finishes what it has before it ends, and ends it then."""
    await reader.read(ALICE, parts(*SENT), HOSTS)
    pid = pid_of(reader._usual)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert await reader.read(ALICE, parts(*SENT), HOSTS)
    assert pid_of(reader._usual) == pid
    await reader.close()
    assert not is_there(pid)
