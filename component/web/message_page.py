"""Pages as HTML text, without scripts and without anything that a browser would have to load.

The style is for phones and desktops, light and dark themes, print, and both directions of writing.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape

STYLE = """
:root{color-scheme:light dark;--ground:#eef1f5;--paper:#fff;--ink:#1a212b;--soft:#586373;--line:#dce2ea;--link:#1a5fb4}
@media (prefers-color-scheme:dark){
:root{--ground:#11151b;--paper:#1a2029;--ink:#e4e8ee;--soft:#9aa5b4;--line:#2e3744;--link:#8ab8ff}}
*{box-sizing:border-box}
html{font:100%/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif,
"Apple Color Emoji","Segoe UI Emoji","Noto Color Emoji";-webkit-text-size-adjust:100%;
background:var(--ground);color:var(--ink)}
body{margin:0 auto;max-width:46rem;padding:clamp(.75rem,4vw,2.5rem) clamp(.75rem,4vw,2rem)}
main{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
header{padding:1.1rem clamp(1rem,4vw,1.75rem);border-bottom:1px solid var(--line)}
h1{font-size:1.2rem;line-height:1.3;margin:0;font-weight:650;overflow-wrap:anywhere}
header p{margin:.15rem 0 0;color:var(--soft);font-size:.9rem}
footer{color:var(--soft);font-size:.85rem;padding:1rem clamp(1rem,4vw,1.75rem) 0}
footer p{margin:0 0 .35rem}
.message{padding:1.25rem clamp(1rem,4vw,1.75rem);overflow-wrap:anywhere;overflow-x:auto}
.message>:first-child,.message>div>:first-child{margin-top:0}
.message>:last-child,.message>div>:last-child{margin-bottom:0}
.message :is(p,li,blockquote,h1,h2,h3,h4,h5,h6,dt,dd,td,th){unicode-bidi:plaintext}
.message h1{font-size:1.35rem}
.message h2{font-size:1.2rem}
.message :is(h3,h4,h5,h6){font-size:1.05rem}
.message :is(h1,h2,h3,h4,h5,h6){line-height:1.3;margin:1.4em 0 .5em}
.message :is(ul,ol){padding-inline-start:1.75em}
.message li{margin:.25em 0}
.message blockquote{margin:1em 0;padding-block:.15em;padding-inline-start:1em;
border-inline-start:.25em solid var(--line);color:var(--soft)}
.message blockquote>:first-child{margin-top:0}
.message blockquote>:last-child{margin-bottom:0}
.message :is(pre,code,kbd,samp,tt){font:.9em/1.5 ui-monospace,"Cascadia Mono",Menlo,Consolas,monospace}
.message code{background:var(--ground);border-radius:.25em;padding:.1em .3em;box-decoration-break:clone;
-webkit-box-decoration-break:clone}
.message pre code{background:none;padding:0}
.message pre{direction:ltr;padding:.75em 1em;background:var(--ground);border-radius:.5rem;overflow-x:auto;
overflow-wrap:normal}
.message table{border-collapse:collapse;max-width:100%}
.message :is(td,th){border:1px solid var(--line);padding:.35em .6em;vertical-align:top;overflow-wrap:break-word}
.message th{background:var(--ground);font-weight:600;text-align:start}
.message img{max-width:100%;height:auto}
.message hr{border:0;border-top:1px solid var(--line);margin:1.5em 0}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
.dead{padding:2.25rem clamp(1rem,6vw,2.5rem)}
.dead p{margin:.75rem 0 0}
@media screen and (prefers-color-scheme:dark) and (forced-colors:none){
.message [style*="color"]{--ground:#eef1f5;color:#1a212b;filter:invert(1) hue-rotate(180deg)}
.message a [style*="color"]{color:#1a5fb4}}
@media print{
:root{--ground:#fff;--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--link:#000;color-scheme:light}
body{max-width:none;padding:0}
main{border:0;border-radius:0}
header,.message,footer{padding-inline:0}
.message a[href^="http"]::after{content:" (" attr(href) ")";color:var(--soft);font-size:.85em}
.message :is(pre,blockquote,tr,img){break-inside:avoid}
.message pre{white-space:pre-wrap;overflow-wrap:anywhere}}
""".strip()
"""Colours in messages are chosen for a white background. In the dark theme each coloured text is inverted, with its
background, and its hue rotated back, so it keeps the contrast that it had on white."""

STYLE_HASH = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
"""Its name in the Content-Security-Policy."""


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
    """The same for an expired, a revoked and an unknown link, so guessing tells nothing."""
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
    """With the name of the zone, because without a script the page cannot know the reader's own."""
    moment = _EPOCH + timedelta(microseconds=us)
    local = moment.astimezone(zone)
    name = str(zone).replace("_", " ")
    return f'<time dir="ltr" datetime="{moment:%Y-%m-%dT%H:%M:%SZ}">{local.day} {local:%B %Y, %H:%M} {name}</time>'
