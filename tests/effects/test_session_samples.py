"""Measurements come back as they were, before and after they were packed."""

import math
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.core.inputs import Reading, SampleFailed, SampleTaken
from console.core.redact import Redactor
from console.effects.session_file import SessionFile

NOW = 1_800_000_000.0
HOUR_S = 3600

readings = st.builds(
    Reading,
    track=st.sampled_from(["", "canary", "baseline"]),
    value=st.none() | st.floats(allow_nan=False) | st.just(0.1),
    samples=st.none() | st.integers(-5, 1 << 40),
    bad=st.none() | st.integers(0, 9),
)
samples = st.lists(
    st.tuples(
        st.integers(0, 5 * HOUR_S),
        st.one_of(
            st.lists(readings, min_size=1, max_size=3),
            st.sampled_from(["timed out", "größer als \x00 erlaubt", ""]),
        ),
        st.sampled_from(["rate", "p95"]),
    ),
    max_size=30,
)


def by_metric(found: list[SampleTaken | SampleFailed], metric: str) -> list[SampleTaken | SampleFailed]:
    return [sample for sample in found if sample.metric == metric]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_=samples, since=st.integers(0, 6 * HOUR_S), folds=st.lists(st.integers(0, 30), max_size=3))
def test_packed_measurements_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory,
    given_: list[tuple[int, list[Reading] | str, str]],
    since: int,
    folds: list[int],
) -> None:
    # A measurement has a time of its own: what was written together comes back apart only if it differs in something.
    times = sorted({second for second, _, _ in given_})
    written: list[SampleTaken | SampleFailed] = []
    with closing(SessionFile.create(tmp_path_factory.mktemp("s"), Redactor())) as session:
        for number, (at, (_, said, metric)) in enumerate(zip(times, given_, strict=False)):
            sample: SampleTaken | SampleFailed = (
                SampleFailed(NOW + at, metric, said, 5.0)
                if isinstance(said, str)
                else SampleTaken(NOW + at, metric, tuple(said), 0.1)
            )
            written.append(sample)
            session.commit(samples=[sample])
            if number in folds:
                session.fold(NOW + at)
        session.fold(NOW + 20 * HOUR_S)

        for metric in ("rate", "p95"):
            expected = [sample for sample in by_metric(written, metric) if sample.at >= NOW + since]
            assert by_metric(session.samples(NOW + since), metric) == expected
            assert by_metric(session.samples(), metric) == by_metric(written, metric)


def test_a_history_is_the_same_whether_packed_or_not(tmp_path: Path) -> None:
    with closing(SessionFile.create(tmp_path, Redactor())) as session:
        for minute in range(400):
            at = NOW + 60 * minute
            value = None if minute % 50 == 7 else float(minute)
            both = (Reading("canary", value), Reading("baseline", 1.0))
            session.commit(samples=[SampleTaken(at, "rate", both, 0.1)])
            if minute % 100 == 3:
                session.commit(samples=[SampleFailed(at + 1, "rate", "timed out", 5.0)])
        before = {name: list(points) for name, points in session.history().items()}

        session.fold(NOW + 60 * 400)
        rows = session._connection.execute("SELECT count(*) FROM samples").fetchone()[0]
        after = {name: list(points) for name, points in session.history().items()}

    assert rows <= 3 * 60 * 2 + 8
    assert after == before
    canary = after["rate", "canary"]
    assert canary[3:5] == [(NOW + 180, 3.0), (NOW + 181, None)]
    assert [at for at, value in canary if value is None][:3] == [NOW + 181, NOW + 420, NOW + 60 * 57]
    assert all(value is None or math.isfinite(value) for _, value in canary)
