"""Pages as text: HTML without scripts, and without anything that a browser would have to fetch."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

from .style import STYLE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow, noarchive">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

_MESSAGE = """<main>
<header dir="auto">
<h1>{sender}</h1>
<p>{source}{made_at}</p>
</header>
<div class="message" dir="auto" lang="">{content}</div>
</main>
<footer>
<p>Whoever has this address can read the message until {expires_at}.</p>
</footer>"""

_PLAIN = """<main>
<div class="dead">
<h1>{heading}</h1>
<p>{text}</p>
</div>
</main>"""


@dataclass(frozen=True, slots=True)
class Message:
    """What a page shows. ``content`` is sanitised HTML, everything else plain text, which may be empty; times are in
    us, to be shown in ``time_zone``."""

    title: str
    sender: str
    organisation: str
    made_at: int
    expires_at: int
    time_zone: tzinfo
    content: str


def message_page(message: Message) -> str:
    body = _MESSAGE.format(
        sender=escape(message.sender or message.title),
        source=f"<bdi>{escape(message.organisation)}</bdi> · " if message.organisation else "",
        made_at=_time(message.made_at, message.time_zone),
        expires_at=_time(message.expires_at, message.time_zone),
        content=message.content,
    )
    return _page(message.title or f"Message from {message.sender}", body)


def dead_page() -> str:
    """The same whether a link expired, was revoked, or never was: whoever guesses learns nothing."""
    return _plain_page(
        "This link does not work",
        "It may have ended, or been taken back, or a part of it was lost when it was copied. "
        "Ask the person who sent it to you to send the message again.",
    )


def busy_page() -> str:
    return _plain_page("Please try again in a moment", "There are too many visitors right now, or something is slow.")


def _plain_page(heading: str, text: str) -> str:
    return _page(heading, _PLAIN.format(heading=escape(heading), text=escape(text)))


def _page(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), style=STYLE, body=body)


def _time(us: int, zone: tzinfo) -> str:
    """With the name of the zone: without a script the page cannot know the reader's own."""
    moment = _EPOCH + timedelta(microseconds=us)
    local = moment.astimezone(zone)
    name = str(zone).replace("_", " ")
    return f'<time dir="ltr" datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{local.day} {local:%B %Y, %H:%M} {name}</time>'
