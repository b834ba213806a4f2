"""Ad-hoc commands as clients see them (XEP-0050 §3.4): one step of one, with what can be done next."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from component.policy.reasons import COMMANDS_NS
from component.xml import child

from .forms import FORM

COMMAND = f"{{{COMMANDS_NS}}}command"


def answer(node: str, session: str, status: str) -> Element:
    """``status`` is executing, completed or canceled."""
    return Element(COMMAND, {"node": node, "sessionid": session, "status": status})


def with_actions(element: Element, actions: Sequence[str]) -> None:
    """The actions that the client can choose now; the first one is the default."""
    offered = child(element, "actions", COMMANDS_NS)
    offered.set("execute", actions[0])
    for action in sorted(actions, key=("prev", "next", "complete").index):
        child(offered, action, COMMANDS_NS)


def with_note(element: Element, text: str, type: str = "info") -> None:
    """For the human; ``type`` is info, warn or error. One note, as Converse shows only the first."""
    child(element, "note", COMMANDS_NS, text).set("type", type)


def says_cancel(request: Element) -> bool:
    """Whether the form was cancelled, which some clients send instead of the action."""
    filled = request.find(FORM)
    return filled is not None and filled.get("type") == "cancel"
