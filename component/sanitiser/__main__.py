"""The process that reads formatted messages: ``python -m component.sanitiser``, for each message one line of JSON in
and one out. It ends when its input is closed."""

import json
import logging
import signal
import sys
from dataclasses import asdict

from component.policy.classify import classify
from component.richtext.formatted import Rich, rich_content
from component.xml import parse

SECONDS = 2.0
"""Of CPU, for one message. The slowest message within the limits takes a tenth of it."""


def main() -> None:
    logging.disable(logging.CRITICAL)  # libraries would log the text of messages
    # A signal to all processes of the bridge must not end the reader while the bridge finishes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for line in sys.stdin.buffer:
        # The kernel kills the process, also in the middle of a library's C code.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = _answer(line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _answer(line: bytes) -> object:
    try:
        request = json.loads(line)
        rich = rich_content(classify(parse(request["message"])).parts, request["hosts"])
        return _written(rich) if rich else {}
    except Exception as problem:
        return {"failed": type(problem).__name__}  # its message may be somebody's text


def _written(rich: Rich) -> object:
    rendered = rich.rendered()
    return {**asdict(rendered), "bodies": list(rendered.bodies.items())}


if __name__ == "__main__":
    main()
