"""HTTP responses, each with all headers that keep a browser from doing more than showing a page."""

from urllib.parse import quote

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from .message_page import STYLE_HASH, busy_page, dead_page

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src '{STYLE_HASH}'",
        # For the message's colours and fonts; without a source nothing that they name is loaded.
        "style-src-attr 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No scripts, no forms, an origin of its own. Pages that a link opens, and files that it saves, are not
        # sandboxed. Without allow-downloads Chromium would silently drop files.
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-downloads",
    )
)

HEADERS = {
    "Server": "deskbridge",
    # Browsers must not cache what may be revoked.
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}

METHODS = "GET, HEAD"

_SHOWN = frozenset(
    {
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"),
        *("audio/mpeg", "audio/ogg", "audio/mp4", "audio/aac", "audio/webm", "audio/wav", "audio/flac"),
        *("video/mp4", "video/webm", "video/ogg"),
    }
)
"""Not SVG, which may hold scripts, nor PDF, whose viewers do not work in a sandbox."""

_TYPES = {"json": "application/json", "csv": "text/csv"}


def html(text: str, status: int = 200, **headers: str) -> web.Response:
    return _respond(status, text.encode(), "text/html; charset=utf-8", headers)


def plain(text: str, status: int = 200, **headers: str) -> web.Response:
    return _respond(status, text.encode(), "text/plain; charset=utf-8", headers)


def figures(text: bytes) -> web.Response:
    """In Prometheus' text format."""
    return _respond(200, text, CONTENT_TYPE_LATEST, {})


def dead() -> web.Response:
    """Always 404: 410 would tell that the link existed."""
    return html(dead_page(), 404)


def busy(status: int = 503) -> web.Response:
    return html(busy_page(), status, **{"Retry-After": "5"})


def wrong_method() -> web.Response:
    return plain("Only GET and HEAD are possible here.\n", 405, Allow=METHODS)


def redirect(url: str) -> web.Response:
    """Without a referrer, which would be the link."""
    return plain("The file is at another address.\n", 302, Location=url)


def download(text: str, name: str) -> web.Response:
    """A file to be saved; ``name`` may be anything."""
    content_type = f"{_TYPES.get(name.rpartition('.')[2].lower(), 'text/plain')}; charset=utf-8"
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return _respond(200, text.encode(), content_type, {"Content-Disposition": disposition})


def file(name: str, content_type: str, size: int | None, piece: range) -> web.StreamResponse:
    """A file that somebody put there, which comes in chunks; ``piece`` of its ``size`` bytes, if that is known.

    Types that a browser can only display are displayed, all others are saved: none is ever interpreted as a page.
    """
    shown = content_type in _SHOWN
    kept = {
        "Content-Type": content_type if shown else "application/octet-stream",
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
    }
    response = web.StreamResponse(headers=HEADERS | kept)
    if size is not None:
        response.content_length = len(piece)
        response.headers["Accept-Ranges"] = "bytes"
        if len(piece) < size:
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {piece.start}-{piece.stop - 1}/{size}"
    response.force_close()
    return response


def no_such_range(size: int) -> web.Response:
    """RFC 9110 §15.5.17"""
    return plain("The file is not so long.\n", 416, **{"Content-Range": f"bytes */{size}"})


def _respond(status: int, body: bytes, content_type: str, headers: dict[str, str]) -> web.Response:
    response = web.Response(status=status, body=body, headers=HEADERS | {"Content-Type": content_type} | headers)
    # One request for each connection: it cannot be held open, and no second request can be smuggled behind it.
    response.force_close()
    return response
