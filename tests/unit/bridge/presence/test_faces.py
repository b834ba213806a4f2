"""Telling watchers, as far as it needs no ejabberd: chosen statuses, restless clients, large announcements."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from component.background_tasks import BackgroundTasks
from component.bridge.presence import faces as module
from component.bridge.presence.faces import Faces
from component.bridge.state.state import State, open_state
from component.bridge.stream.connection import Disconnected
from component.bridge.stream.paced_presence import LANES, SLICE, Broadcasts
from component.config.directory_file import make_directory
from component.directory.world import World
from component.model import Limits, Party, Person, Side
from component.policy.shown_presence import Session, Status
from component.services.capabilities import shown_with_presence
from component.store.api import Store
from tests.support.people import ACME, ALICE, BOB, CAROL
from tests.support.waiting import until


def bare(text: str) -> str:
    """Without what goes with the presence of every face."""
    for viewer in Side:
        for party in (ALICE, BOB, CAROL):
            text = text.replace(shown_with_presence(viewer, party), "")
    return re.sub(r"^(<presence [^>]*)></presence>$", r"\1/>", text)


class Scene:
    """Alice and Bob watch each other, Carol watches Alice; all are logged in."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.sent: list[str] = []
        self.broken = False
        self.barriers: list[int] = []  # how much had been sent at each
        self.faces = Faces(state, Broadcasts(self.sent.append, self._barrier, BackgroundTasks()))

    async def _barrier(self) -> None:
        if self.broken:
            raise Disconnected
        self.barriers.append(len(self.sent))
        await asyncio.sleep(0)

    def lose_connection(self, still_there: Iterable[Party]) -> None:
        """And find out afresh who is there."""
        self.faces.pause()
        self.state.sessions.begin_anew()
        for party in still_there:
            self.shows(party.account)
        self.state.sessions.settle({})
        self.faces.resume()
        self.sent.clear()

    def shows(self, account: str, show: str = "") -> None:
        """A client of that account changes its presence."""
        party = self.state.world.account(account)
        assert party is not None
        self.state.sessions.started(account, "test", Session(show))
        self.faces.refresh(party)

    def told(self, watcher: str) -> list[str]:
        """What this watcher was sent since the last question, without addresses."""
        mine = [text.partition(f'to="{watcher}"')[2] for text in map(bare, self.sent) if f'to="{watcher}"' in text]
        self.sent.clear()
        return mine

    async def told_next(self, watcher: str) -> list[str]:
        """The same, once there is something."""
        await until(lambda: any(f'to="{watcher}"' in text for text in map(bare, self.sent)))
        return self.told(watcher)


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    crowd = [Person(f"Person {number}", work=f"p{number}") for number in range(100)]
    people = make_directory([ALICE.person, BOB.person, CAROL.person, *crowd])
    store = await Store.open(f"sqlite:///{tmp_path}/test.db")
    yield await open_state(Limits(), World.of([(ACME, people)]), store)
    await store.close()


@pytest.fixture
async def scene(state: State) -> Scene:
    scene = Scene(state)
    for watcher, face in ((ALICE, BOB), (BOB, ALICE), (CAROL, ALICE)):
        state.watchers.add(watcher.account, face.face)
    for party in (ALICE, BOB, CAROL):
        scene.shows(party.account)
    scene.faces.resume()
    return scene


class TestAChosenStatus:
    """P3"""

    async def test_shows_until_it_is_cleared(self, scene: Scene) -> None:
        scene.faces.set_status(BOB, Status.BUSY)
        assert scene.told(ALICE.account) == ["><show>dnd</show><status>Busy</status></presence>"]
        scene.shows(BOB.account, "away")
        assert scene.told(ALICE.account) == []
        scene.faces.set_status(BOB, None)
        assert scene.told(ALICE.account) == ["><show>away</show></presence>"]

    async def test_invisible_is_seen_as_logged_out(self, scene: Scene) -> None:
        scene.faces.set_status(BOB, Status.INVISIBLE)
        assert scene.told(ALICE.account) == [' type="unavailable"/>']
        scene.shows(BOB.account, "dnd")
        assert scene.told(ALICE.account) == []

    async def test_ends_with_the_log_out(self, scene: Scene) -> None:
        scene.faces.set_status(BOB, Status.INVISIBLE)
        scene.state.sessions.ended(BOB.account)
        scene.state.sessions.left(BOB.account)
        scene.faces.refresh(BOB)
        scene.shows(BOB.account)
        assert scene.told(ALICE.account) == [' type="unavailable"/>', "/>"]

    async def test_outlasts_a_lost_connection_if_the_log_in_does(self, scene: Scene) -> None:
        """P6: nobody becomes visible because the bridge lost ejabberd for a moment."""
        scene.faces.set_status(BOB, Status.INVISIBLE)
        scene.lose_connection(still_there=(ALICE, BOB))
        assert not scene.faces.seen(ALICE.side, BOB).available
        scene.lose_connection(still_there=(ALICE,))
        assert scene.state.sessions.override(BOB.account) is None

    async def test_of_an_agent_shows_to_agents_only(self, scene: Scene) -> None:
        """P1, P2"""
        scene.faces.set_status(ALICE, Status.ON_BREAK)
        assert bare(scene.sent[0]).endswith("<show>away</show><status>On break</status></presence>")
        assert scene.told(BOB.account) == []

    @pytest.mark.parametrize("status", [Status.INVISIBLE, Status.AWAY, Status.DO_NOT_DISTURB])
    async def test_must_be_one_of_the_persons_side(self, scene: Scene, status: Status) -> None:
        with pytest.raises(ValueError, match=status.name):
            scene.faces.set_status(ALICE, status)


class TestARestlessClient:
    """R2: one change may go to thousands."""

    async def test_is_told_on_in_steps_that_end_with_the_truth(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "CHANGES", Limits(messages_per_second=1, burst=3))
        began = time.monotonic()
        for _ in range(100):
            scene.shows(BOB.account, "dnd")
            scene.shows(BOB.account, "away")
        told = scene.told(ALICE.account)
        assert 3 <= len(told) <= 3 + (time.monotonic() - began)
        before = told[-1]
        scene.shows(BOB.account, last := "away" if "dnd" in before else "dnd")
        assert await scene.told_next(ALICE.account) == [f"><show>{last}</show></presence>"]

    async def test_leaves_nobody_who_asked_meanwhile_behind(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Alice's client asks while a change is put off, and then it is taken back."""
        monkeypatch.setattr(module, "CHANGES", Limits(messages_per_second=1, burst=1))
        scene.shows(BOB.account, "away")
        scene.shows(BOB.account, "dnd")
        scene.faces.show(ALICE.account, ALICE.side, BOB)
        assert scene.told(ALICE.account)[-1] == "><show>dnd</show></presence>"
        scene.shows(BOB.account, "away")
        assert (await scene.told_next(ALICE.account))[-1] == "><show>away</show></presence>"

    async def test_says_nothing_by_going_again_and_again(self, scene: Scene) -> None:
        scene.state.sessions.ended(BOB.account)
        scene.state.sessions.left(BOB.account)
        for _ in range(100):
            scene.faces.refresh(BOB)
        assert scene.told(ALICE.account) == [' type="unavailable"/>']


class TestALargeAnnouncement:
    async def test_lets_others_through_in_between(self, scene: Scene) -> None:
        """R2: no more than a few slices are sent before ejabberd has routed them."""
        for number in range(100):
            scene.state.watchers.add(ALICE.account, f"p{number}@directory.acme.test")
        scene.sent.clear()
        await scene.faces.announce()
        told = scene.told(ALICE.account)
        assert len(told) == 100 + 2  # Bob, and the service
        steps = [after - before for before, after in zip([0, *scene.barriers], scene.barriers, strict=False)]
        assert max(steps) <= LANES * SLICE

    async def test_goes_on_after_a_connection_lost_meanwhile(self, scene: Scene) -> None:
        """P6: Bob left during an outage. The first try to tell so was lost with another connection."""
        await scene.faces.announce()
        scene.lose_connection(still_there=(ALICE, CAROL))
        scene.broken = True
        with pytest.raises(Disconnected):
            await scene.faces.announce()
        scene.lose_connection(still_there=(ALICE, CAROL))
        scene.broken = False
        await scene.faces.announce()
        assert ' type="unavailable"/>' in scene.told(ALICE.account)

    async def test_after_a_start_is_of_all_faces(self, scene: Scene) -> None:
        """P6: nobody knows what earlier runs have shown."""
        scene.lose_connection(still_there=(CAROL,))
        await scene.faces.announce()
        assert scene.told(CAROL.account) == ["/>", ' type="unavailable"/>']

    async def test_after_an_outage_is_of_what_was_or_is_there(self, scene: Scene) -> None:
        await scene.faces.announce()
        scene.lose_connection(still_there=(CAROL,))
        await scene.faces.announce()
        assert scene.told(CAROL.account) == ["/>", ' type="unavailable"/>']
        scene.lose_connection(still_there=(CAROL,))
        await scene.faces.announce()
        assert scene.told(CAROL.account) == ["/>"]


class TestWhileNobodyKnows:
    async def test_nothing_is_told(self, scene: Scene) -> None:
        """P6"""
        scene.faces.pause()
        scene.sent.clear()
        scene.shows(BOB.account, "dnd")
        scene.state.sessions.ended(ALICE.account)
        scene.faces.refresh(ALICE)
        scene.faces.show(BOB.account, BOB.side, ALICE)
        assert scene.sent == []


class TestAFarewell:
    async def test_is_for_those_who_were_seen(self, scene: Scene) -> None:
        """P8: and for nobody twice."""
        scene.faces.set_status(BOB, Status.INVISIBLE)
        scene.sent.clear()
        await scene.faces.farewell()
        gone = ' type="unavailable"/>'
        faces = sorted(text.split('"')[1] for text in scene.sent if text.endswith(gone))
        assert faces == ["agents.acme.test/deskbridge"] * 3 + [f"{ALICE.face}/deskbridge"] * 2
        assert len(faces) == len(scene.sent)
