"""`${NAME}` in a rollout file, and what of it is secret."""

from pathlib import Path

import pytest

from console.spec.load import load
from console.spec.problems import RolloutFileError
from console.spec.variables import secrets_in
from tests.spec.conftest import PHASES, Write, loads, problems_of


def service_of(path: Path, env: dict[str, str]) -> str:
    return loads(path, env).rollout.sources["a"].file or ""


@pytest.mark.parametrize(
    ("written", "env", "value"),
    [
        ("${LOGS}", {"LOGS": "a.log"}, "a.log"),
        ("${LOGS}/${NAME}.log", {"LOGS": "x", "NAME": "y"}, "x/y.log"),
        ("${LOGS:-a.log}", {}, "a.log"),
        ("${LOGS:-a.log}", {"LOGS": ""}, "a.log"),
        ("${LOGS:-}x", {}, "x"),
        ("${LOGS}x", {"LOGS": ""}, "x"),
        ("$${LOGS}", {"LOGS": "a.log"}, "${LOGS}"),
        ("$LOGS $$", {"LOGS": "a.log"}, "$LOGS $$"),
        ("${LOGS}", {"LOGS": "${OTHER}"}, "${OTHER}"),
        ("${LOGS}", {"LOGS": "5: [x"}, "5: [x"),
    ],
)
def test_a_variable_is_its_value_and_nothing_else(write: Write, written: str, env: dict[str, str], value: str) -> None:
    path = write(f"sources: {{a: {{file: '{written}'}}}}\n{PHASES}")

    assert service_of(path, env) == value


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("${LOGS}", "5: sources.a.file: ${LOGS} is not set in the environment; set LOGS, or write ${LOGS:-default}"),
        ("${LOGS", "sources.a.file: ${… is no variable; write ${NAME} or ${NAME:-default}, and $${ for a plain ${"),
        ("${LOGS:?needed}", "${… is no variable"),
        ("${A:-${B}}", "${… is no variable"),
        ("${1}", "${… is no variable"),
    ],
)
def test_a_variable_that_has_no_value_is_a_problem_with_its_line_and_key(write: Write, written: str, said: str) -> None:
    problems = problems_of(write(f"sources:\n  a: {{file: '{written}'}}\n{PHASES}"))

    assert len(problems) == 1
    assert said in problems[0]


def test_the_share_being_applied_is_left_for_the_time_when_an_action_runs(write: Write) -> None:
    path = write(
        """
        phases: [{name: a, traffic: 0%}]
        actions:
          a:
            title: Go
            kind: rollback
            steps: [{run: [set-share, "${traffic}", "${REGION}"]}]
            verify: [{command: [check-share, "${traffic}"]}]
        """
    )

    action = loads(path, {"traffic": "99", "REGION": "eu"}).rollout.actions["a"]

    assert action.steps[0].run == ("set-share", "${traffic}", "eu")
    assert action.verify[0].command == ("check-share", "${traffic}")


def test_the_share_being_applied_has_no_default(write: Write) -> None:
    path = write("actions: {a: {title: t, kind: rollback, steps: [{run: [x, '${traffic:-5}']}]}}\n" + PHASES)

    assert "${traffic:-5} is the share of traffic and always known; write ${traffic}" in problems_of(path)[0]


@pytest.mark.parametrize(
    ("compose", "words"),
    [
        (None, ("docker", "compose")),
        ("docker-compose", ("docker-compose",)),
        ("docker compose -f 'my file.yml'", ("docker", "compose", "-f", "my file.yml")),
    ],
)
def test_only_the_first_word_of_a_command_may_hold_several(
    write: Write, compose: str | None, words: tuple[str, ...]
) -> None:
    path = write(
        """
        phases: [{name: a, traffic: 0%}]
        sources: {log: {command: ["${COMPOSE:-docker compose}", logs, "${WHO}"]}}
        actions: {a: {title: t, kind: rollback, steps: [{run: ["${COMPOSE:-docker compose}", up, "${WHO}"]}]}}
        """
    )
    env = {"WHO": "two words"} | ({"COMPOSE": compose} if compose else {})

    rollout = loads(path, env).rollout

    assert rollout.actions["a"].steps[0].run == (*words, "up", "two words")
    assert rollout.sources["log"].command == (*words, "logs", "two words")


def test_a_command_with_an_open_quote_is_a_problem(write: Write) -> None:
    path = write("sources: {log: {command: ['${COMPOSE}', logs]}}\n" + PHASES)

    problems = problems_of(path, {"COMPOSE": "docker 'compose"})

    assert problems == [
        "rollout.yaml:4: sources.log.command[0]: the value of ${COMPOSE} has an open quote; "
        "quote it as a shell would read it"
    ]


def test_the_script_of_a_shell_is_not_split(write: Write) -> None:
    path = write("actions: {a: {title: t, steps: [{run: ['${SCRIPT}'], shell: true}]}}\n" + PHASES)

    step = loads(path, {"SCRIPT": "echo $HOME && ls"}).rollout.actions["a"].steps[0]

    assert step.run == ("echo $HOME && ls",)


def test_secrets_are_known_in_every_form_in_which_they_may_turn_up(write: Write) -> None:
    path = write(
        """
        sources:
          db: {postgres: "${DATABASE_URL}"}
          other: {postgres: "postgresql://me:literal-pass@h/d"}
          third: {postgres: "postgresql://h/d?user=me&password=in-query"}
          cache: {redis: "${REDIS}"}
        metrics:
          m: {http: {url: "http://h/", headers: {Authorization: "Bearer ${API_TOKEN}", X-Region: "${REGION}"}}}
        alerts: {routes: [{severity: critical, to: ["slack://abc/def"]}]}
        """
        + PHASES.replace("\n", "\n        ")
    )
    env = {
        "DATABASE_URL": "postgresql://me:p%40ss%2Fword@db/shop",
        "REDIS": "redis://:hunter22@cache",
        "API_TOKEN": "tok-123456",
        "REGION": "eu-west",
        "HOME_SECRET": "not used by the file",
    }

    secrets = loads(path, env).secrets

    assert set(secrets) == {
        "postgresql://me:p%40ss%2Fword@db/shop",
        "p%40ss%2Fword",
        "p@ss/word",
        "literal-pass",
        "in-query",
        "redis://:hunter22@cache",
        "hunter22",
        "tok-123456",
        "slack://abc/def",
    }
    assert list(secrets) == sorted(secrets, key=len, reverse=True)


def test_secrets_written_out_in_addresses_bodies_and_commands_are_known_too(write: Write) -> None:
    path = write(
        """
        sources:
          db: {postgres: "postgresql://me:sl/ash#7@h/d"}
          cache: {redis: "redis://h"}
        metrics:
          m: {http: {url: "http://h:8080/users/@me?sig=s1gnature&access_token=acc3ss&auth=header&page=1234"}}
        actions:
          a:
            title: A task
            steps:
              - run: [mysql, --db-password, w0rd-after, --api-key=w0rd-with, --tokenizer, plain, --token, "${traffic}"]
              - {run: ["deploy --token 'in a shell 1'"], shell: true}
              - {sql: {source: db, statement: "ALTER ROLE x PASSWORD 'it''s sql'"}}
              - {redis: {source: cache, command: [CONFIG, SET, requirepass, r3dis-pass]}}
              - {redis: {source: cache, command: [AUTH, app, r3dis-auth]}}
              - {http: {url: "http://h/", json: {on: enabled, deep: [{api_token: b0dy-token}], password: header}}}
            kind: advance
        """
        + PHASES.replace("\n", "\n        ")
    )

    assert set(loads(path, {}).secrets) == {
        "sl/ash#7",
        "s1gnature",
        "acc3ss",
        "w0rd-after",
        "w0rd-with",
        "in a shell 1",
        "it's sql",
        "r3dis-pass",
        "r3dis-auth",
        "b0dy-token",
    }


def test_what_is_secret_in_an_environment_is_known_without_a_file() -> None:
    env = {"API_TOKEN": "tok-123456", "REDIS": "redis://:hunter22@cache", "REGION": "eu-west"}

    assert set(secrets_in(env)) == {"tok-123456", "redis://:hunter22@cache", "hunter22"}


def test_a_value_too_short_to_hide_is_no_secret(write: Write) -> None:
    path = write("sources: {a: {file: '${KEY}'}}\n" + PHASES)

    assert loads(path, {"KEY": "abc"}).secrets == ()


@pytest.mark.parametrize(
    "text",
    [
        "metrics: {m: {http: {url: 'http://h/'}, every: '${X}'}}",
        "metrics: {m: {http: {url: 'http://h/'}, window: '${X}'}}",
        "metrics: {m: {http: {url: 'http://h/'}, min_samples: '${X}'}}",
        "metrics: {m: {http: {url: 'http://h/'}, target: '${X}'}}",
        "metrics: {m: {http: {url: 'http://h/'}, unit: '%', target: '< 5 ${X}'}}",
        "metrics: {m: {http: {url: 'http://h/'}, target: '< baseline + ${X}'}}",
        "metrics: {m: {http: {url: '${X}'}}}",
        "metrics: {m: {http: {url: 'http://h/', method: '${X}'}}}",
        "metrics: {m: {http: {url: 'http://h/'}, on: {critical: '${X}'}}}",
        "metrics: {m: {redis: ping, source: '${X}'}}",
        "metrics: {m: {query: '${X}', source: db}}\nsources: {db: {postgres: 'postgresql://h'}}",
        "sources: {a: {postgres: '${X}'}}",
        "sources: {a: {file: x, track: '${X}'}}",
        "events: {a: {match: '(${X}'}}",
        "events: {a: {match: '\\${X}'}}",
        "events: {a: {match: 'zz', sample: ['${X}']}}",
        "events: {a: {match: '(?P<n>.*)', number: n, sample: ['${X}']}}",
        "events: {a: {match: 'zz', number: '${X}'}}",
        "actions: {a: {title: t, key: '${X}', steps: [{run: [x]}]}}",
        "actions: {a: {title: t, kind: '${X}', steps: [{run: [x]}]}}",
        'service: "${X}\\t"',
    ],
)
def test_a_value_from_the_environment_is_never_in_a_message(write: Write, text: str) -> None:
    head = "rollout: shop\ntitle: t\n" + ("" if text.startswith("service") else "service: app\n")
    path = write(head + text + "\n" + PHASES, is_whole=True)

    with pytest.raises(RolloutFileError) as caught:
        load(path, {"X": "qhunter22q"})

    assert "hunter22" not in str(caught.value)
    assert "${X}" in str(caught.value)


def test_a_unit_from_the_environment_is_not_in_the_messages_about_its_conditions(write: Write) -> None:
    metric = "{http: {url: 'http://h/'}, unit: '${X}', target: '< 5 ms'}"
    path = write(f"metrics: {{m: {metric}}}\nphases: [{{name: a, traffic: 0%, pause: ['m > 5 s']}}]\n")

    problems = problems_of(path, {"X": "hunter22"})

    assert problems == [
        "rollout.yaml:4: metrics.m.target: '< 5 ms' does not fit the unit of m; correct the variable",
        "rollout.yaml:5: phases[0].pause[0]: 'm > 5 s' does not fit the unit of m; correct the variable",
    ]


def test_the_tokens_in_an_alert_address_are_secret_one_by_one_and_its_words_are_not(write: Write) -> None:
    address = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#production"
    text = f'alerts: {{routes: [{{severity: critical, to: ["{address}", "json://hooks.shop.example:8080/alerts"]}}]}}\n'

    secrets = loads(write(text + PHASES), {}).secrets

    assert set(secrets) == {
        address,
        "T1JJ3T3L2",
        "A1BRTD4JD",
        "TIiajkdnlazkcOXrIdevi7FQ",
        "json://hooks.shop.example:8080/alerts",
    }
