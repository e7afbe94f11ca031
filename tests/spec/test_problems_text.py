"""Text of a rollout file: hostile text is inert, secrets are in no message, and what is text stays as written."""

import pytest

from console.spec.load import load
from console.spec.problems import RolloutFileError
from tests.spec.conftest import PHASES, Write, loads, problems_of


def test_hostile_text_is_shown_inert_in_messages(write: Write) -> None:
    path = write(
        """
        "\\e]0;owned\\a": 1
        events: {a: {match: "\\e[2J(", sample: ["\\u202eevil"]}}
        tracks: {"can\\u200bary": {label: x}}
        metrics: {m: {http: {url: "http://h/"}, target: "\\x9b31m"}}
        """,
        "[red]\x1b[31m.yaml",
    )

    with pytest.raises(RolloutFileError) as caught:
        load(path, {})

    said = str(caught.value)
    assert said.replace("\n", "").isprintable()
    assert "\\x1b[31m.yaml:4: \\x1b]0;owned\\x07" in said
    assert "'\\x1b[2J('" in said
    assert "can\\u200bary" in said
    assert "'\\x9b31m'" in said


@pytest.mark.parametrize(
    "text",
    [
        "sources: {db: {postgres: 'postgresq//me:hunter22@h'}}",
        "sources: {db: {postgres: \"host=h password='hunter22'\"}}",
        "sources: {cache: {redis: 'rediss:/me:hunter22@h'}}",
        "sources: {cache: {redis: 'redis://h', 'password: hunter22': x}}",
        "metrics: {m: {http: {url: 'htp://me:hunter22@h/'}}}",
        "metrics: {m: {http: {url: 'http://h/?token=hunter22', method: hunter22}}}",
        "metrics: {m: {http: {url: 'http://h/', headers: {X-Api-Key: hunter22}, method: hunter22}}}",
        "actions: {a: {title: t, steps: [{run: 'login --password hunter22'}]}}",
        "actions: {a: {title: t, key: hunter22, steps: [{run: [x], env: {A_SECRET: hunter22}}]}}",
        "token: hunter22: x",
    ],
)
def test_a_secret_that_is_written_out_is_in_no_message(write: Write, text: str) -> None:
    said = "\n".join(problems_of(write(text + "\n" + PHASES)))

    assert said
    assert "hunter22" not in said


def test_a_number_where_text_is_wanted_is_the_text_as_written(write: Write) -> None:
    path = write(
        """
        phases: [{name: 007, traffic: 5}]
        actions:
          a:
            title: 1.50
            kind: rollback
            steps:
              - {run: [sleep, 5, true, 0x10]}
              - {env_file: {path: .env, set: {SHARE: 0, ON: no, ZIP: 01234}}}
              - {http: {url: "http://h/", json: {share: 5, is_on: true, none: null, text: "5"}}}
        """
    )

    rollout = loads(path).rollout

    steps = rollout.actions["a"].steps
    assert rollout.phases[0].name == "007"
    assert rollout.actions["a"].title == "1.50"
    assert steps[0].run == ("sleep", "5", "true", "0x10")
    assert steps[1].env_file is not None
    assert steps[1].env_file.set == {"SHARE": "0", "ON": "no", "ZIP": "01234"}
    assert steps[2].http is not None
    assert steps[2].http.json_ == {"share": 5, "is_on": True, "none": None, "text": "5"}


def test_a_rollout_without_phases_is_watched_as_one(write: Write) -> None:
    phases = loads(write("events: {a: {match: x, sample: [x]}}")).rollout.phases

    assert [(phase.name, phase.traffic) for phase in phases] == [("Watch", 100.0)]


def test_an_empty_section_is_as_good_as_none(write: Write) -> None:
    rollout = loads(write("events:\nmetrics:\nphases:\nactions:\nalerts:\n")).rollout

    assert rollout.events == {}
    assert rollout.actions == {}
