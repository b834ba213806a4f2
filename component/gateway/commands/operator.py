"""What the commands of operators have in common. An operator sees and changes one tenant only (AD4, D4)."""

from component.model import Party
from component.store.changes import Audit

from ..clock import now_us


def entry(party: Party, action: str, subject: str = "", detail: str = "") -> Audit:
    """A line for the audit log: what operators do can be looked up."""
    return Audit(now_us(), party.tenant.id, party.account, action, subject, detail)
