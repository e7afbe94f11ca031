"""Jumps in the times of a log behind which an engine may have left something out."""

from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from console.sources.docker_jumps import RATE_S, Filling, Jumps, Pace

START_NS = 1_785_000_000 * 10**9
RECORD_BYTES = 200
FILE_BYTES = 1_000_000
FILE_LINES = FILE_BYTES // RECORD_BYTES


def looked(jumps: Jumps, keys: list[int], sizes: list[int]) -> list[tuple[int, int]]:
    """Return what is found when the lines come in portions of these sizes, over and over."""
    found, at = [], 0
    while at < len(keys):
        for size in sizes:
            portion = keys[at : at + size]
            found += jumps.look(portion, len(portion) * RECORD_BYTES)
            at += size
    return found


steps_ns = st.lists(st.integers(min_value=5_000, max_value=15_000), min_size=50, max_size=50)
portions = st.lists(st.integers(min_value=1, max_value=700), min_size=1, max_size=5)


@settings(max_examples=60)
@given(
    steps=steps_ns,
    before=st.integers(min_value=100, max_value=2 * FILE_LINES),
    hidden=st.integers(min_value=FILE_LINES // 2, max_value=3 * FILE_LINES),
    sizes=portions,
)
def test_what_was_left_out_of_a_busy_log_is_always_found(
    steps: list[int], before: int, hidden: int, sizes: list[int]
) -> None:
    keys = list(accumulate(steps * ((before + hidden + 1_500) // 50 + 1), initial=START_NS))
    left = keys[:before] + keys[before + hidden :]

    found = looked(Jumps(FILE_BYTES), left, sizes)

    assert (keys[before - 1], keys[before + hidden]) in found


@settings(max_examples=60)
@given(quiet_s=st.integers(min_value=1, max_value=3600), sizes=portions)
def test_a_burst_of_files_after_a_silence_is_found_by_what_is_left_of_it(quiet_s: int, sizes: list[int]) -> None:
    silent = [START_NS + number * quiet_s * 10**9 for number in range(40)]
    burst = list(accumulate([8_000] * (2 * FILE_LINES + 1_000), initial=silent[-1] + 10**9))
    left = silent + burst[:6] + burst[7 + FILE_LINES :]

    found = looked(Jumps(FILE_BYTES), left, sizes)

    assert (burst[5], burst[7 + FILE_LINES]) in found


@settings(max_examples=60)
@given(
    gaps=st.lists(st.integers(min_value=100_000, max_value=400_000), min_size=100, max_size=3_000),
    pause_ns=st.integers(min_value=0, max_value=20_000_000),
    sizes=portions,
)
def test_an_even_log_raises_no_suspicion(gaps: list[int], pause_ns: int, sizes: list[int]) -> None:
    keys = list(accumulate(gaps, initial=START_NS))
    keys = [key + (pause_ns if at > len(keys) // 2 else 0) for at, key in enumerate(keys)]

    assert looked(Jumps(FILE_BYTES), keys, sizes) == []


@settings(max_examples=60)
@given(
    first=st.lists(st.integers(min_value=1, max_value=10**9), min_size=1, max_size=300),
    sizes=portions,
    file_bytes=st.integers(min_value=1_000, max_value=10**8),
)
def test_every_jump_is_told_at_most_once_and_in_order(first: list[int], sizes: list[int], file_bytes: int) -> None:
    keys = list(accumulate(first, initial=START_NS))

    found = looked(Jumps(file_bytes), keys, sizes)

    assert set(found) <= set(pairwise(keys))
    assert found == sorted(set(found))


def test_the_line_before_a_stream_began_counts_as_the_one_before() -> None:
    keys = list(accumulate([10_000] * 600, initial=START_NS + 10**9))
    jumps = Jumps(FILE_BYTES)

    jumps.begin(START_NS)

    assert jumps.look(keys, len(keys) * RECORD_BYTES) == [(START_NS, keys[0])]


def test_the_pace_is_the_most_lines_that_came_in_a_tenth_of_a_second() -> None:
    pace = Pace()
    assert pace.expected(10**9) == 0
    for second in range(60):
        pace.observe([START_NS + second * 10**9 + number * 1_000 for number in range(50)])
        pace.observe([START_NS + second * 10**9 + number * 1_000 for number in range(50, 100)])

    assert pace.expected(10**9) == 1_000


def test_how_long_a_file_lasts_is_known_after_a_while_and_forgotten_in_a_silence() -> None:
    filling = Filling(FILE_BYTES)
    filling.observe(START_NS, 1_000)
    assert filling.fills_in_s is None
    for tenth in range(1, int(RATE_S * 10) + 1):
        filling.observe(START_NS + tenth * 10**8, 200_000)
    assert filling.fills_in_s == 0.5

    filling.observe(START_NS + int(RATE_S * 10**10), 200)

    assert filling.fills_in_s is None
