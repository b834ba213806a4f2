"""Entries of the audit log about commands (S3, D4)."""

from component.model import Party
from component.store.api import Audit

from ..clock import now_us


def audit_entry(party: Party, action: str, subject: str = "", detail: str = "") -> Audit:
    """An entry that says what this person did."""
    return Audit(now_us(), party.tenant.id, party.account, action, subject, detail)
