"""`watch --new`: another session takes the place of one, and ends the alerts that it has left open."""

from pathlib import Path

from console.core.alerts import Delivery
from console.core.inputs import Reading, SampleTaken
from console.opening import Opened, open_session
from console.spec.load import load
from tests.effects.acting import ACTOR, write_rollout

METRICS = {"errors": {"command": ["cat", "errors"], "every": "1s", "critical": "> 5"}}
ALERTS = {"group_wait": "0s", "routes": [{"severity": "critical", "to": ["json://127.0.0.1:9/x"]}]}


async def opened(folder: Path, *, is_new: bool = False) -> Opened:
    file = write_rollout(folder, {"steps": [{"run": ["true"]}]}, metrics=METRICS, alerts=ALERTS)
    return await open_session(load(file, {}), folder / "state", ACTOR, is_new=is_new)


async def critical(folder: Path) -> Opened:
    """A session in which something is critical, and somebody is told."""
    made = await opened(folder)
    assert made.engine is not None
    made.engine.apply(SampleTaken(made.engine.clock(), "errors", (Reading("", 9.0),), 0.01))
    made.engine.tick()
    await made.engine.commit()
    return made


def others(made: Opened) -> list[Delivery]:
    assert made.engine is not None
    return [one for one in made.engine.state.alerts.outbox.values() if one.session]


async def test_the_alerts_of_the_session_before_are_ended_and_that_is_on_disk(tmp_path: Path) -> None:
    before = await critical(tmp_path)
    await before.leave()

    after = await opened(tmp_path, is_new=True)
    (told,) = others(after)
    await after.leave()
    again = await opened(tmp_path)

    assert told.session == before.session.id
    assert [item.found.about for item in told.items] == ["errors"]
    assert [one.id for one in others(again)] == [told.id]
    await again.leave()


async def test_a_session_that_somebody_holds_is_left_alone(tmp_path: Path) -> None:
    before = await critical(tmp_path)

    after = await opened(tmp_path, is_new=True)

    assert others(after) == []
    await after.leave()
    await before.leave()


async def test_a_session_whose_file_cannot_be_read_keeps_no_other_from_beginning(tmp_path: Path) -> None:
    before = await critical(tmp_path)
    await before.leave()
    (before.session.folder / "session.db").write_bytes(b"no database")

    after = await opened(tmp_path, is_new=True)

    assert others(after) == []
    await after.leave()
