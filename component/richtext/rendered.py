"""Formatted content as it is sent: read, sanitised and written again."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendered:
    """``bodies`` are the plain texts that say the same, by language; bodies in other languages stay as they are.
    ``page`` is HTML for a page's ``<body>``, empty if the plain texts say everything. ``xhtml`` is the text of
    ``<html/>`` (XEP-0071), in the recommended profile."""

    bodies: Mapping[str | None, str]
    page: str
    xhtml: str
