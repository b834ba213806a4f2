"""O4: log lines for programs."""

import asyncio
import json
import logging
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from component.cli.main import JsonLines
from component.ejabberd.private_server import free_ports
from tests.support.bridge import BridgeProcess
from tests.support.server import make_settings


def test_one_object_a_line() -> None:
    record = logging.LogRecord("component.x", logging.WARNING, "x.py", 1, "what %s\nsaid", ("Zoë"), None)
    line = JsonLines().format(record)
    fields = json.loads(line)
    assert "\n" not in line
    assert (fields["level"], fields["logger"], fields["message"]) == ("warning", "component.x", "what Zoë\nsaid")
    assert datetime.fromisoformat(fields["time"]).utcoffset() is not None


def test_with_what_went_wrong() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: no")


async def test_of_a_process(tmp_path: Path) -> None:
    """Every line, from the start to the end."""
    nowhere, api = free_ports(2)
    settings = make_settings(tmp_path, nowhere, api)
    bridge = BridgeProcess(tmp_path, settings)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "component.cli", "--log-format", "json", "run", "--config", str(bridge.config)),
        env={**os.environ, "DESKBRIDGE_XMPP_SECRET": "secret"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    messages = []
    async with asyncio.timeout(90):
        async for line in process.stderr:
            messages.append(json.loads(line)["message"])
            if messages[-1].startswith("no connection to ejabberd"):
                process.send_signal(signal.SIGTERM)
        await process.wait()
    assert any(message.startswith("the web server listens") for message in messages)
    assert messages[-1] == "stopped"
