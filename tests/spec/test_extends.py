"""How one rollout file builds on another."""

import hashlib
from pathlib import Path

import pytest

from tests.spec.conftest import Write, loads, problems_of

BASE = """
rollout: base
title: The base
service: app
tracks:
  canary: {label: side=canary}
  baseline: {image: "*:old"}
sources:
  app: {docker: {project: shop, service: app}}
  cache: {redis: "redis://h"}
events:
  failed: {match: 'failed', kind: request, sample: [it failed], not: [it went well]}
  done: {match: 'done in (?P<ms>\\d+)', number: ms, sample: [done in 5]}
metrics:
  errors:
    events: {of: failed, over: [failed, done]}
    unit: "%"
    target: "< 1%"
    critical: "> 5%"
    on: {critical: rollback}
  coverage: {redis: {scan: "k:*", has_field: f}, source: cache, target: "== 1"}
  health: {http: {url: "http://h/health", status: 204}, target: "== 1"}
phases:
  - {name: Canary, traffic: 10%, advance: [errors]}
  - {name: Full, traffic: 100%, soak: 1h}
actions:
  rollback: {key: R, title: Back, kind: rollback, steps: [{run: [back]}]}
"""


@pytest.fixture
def base(write: Write) -> Path:
    return write(BASE, "base.yaml", is_whole=True)


@pytest.mark.usefixtures("base")
def test_mappings_merge_and_everything_else_replaces(write: Write) -> None:
    path = write(
        """
        extends: base.yaml
        title: Mine
        metrics:
          errors: {critical: "> 3%", every: 5s}
          extra: {http: {url: "http://h/extra"}}
        phases: [{name: Only, traffic: 5%}]
        """,
        is_whole=True,
    )

    rollout = loads(path).rollout

    assert (rollout.rollout, rollout.title, rollout.extends) == ("base", "Mine", "base.yaml")
    errors = rollout.metrics["errors"]
    assert (errors.target, errors.critical, errors.every, errors.on.critical) == ("< 1%", "> 3%", 5.0, "rollback")
    assert list(rollout.metrics) == ["errors", "coverage", "health", "extra"]
    assert [phase.name for phase in rollout.phases] == ["Only"]


@pytest.mark.usefixtures("base")
def test_null_takes_away_what_the_base_says(write: Write) -> None:
    path = write(
        "extends: base.yaml\nmetrics: {coverage: null, errors: {critical: ~, on: null}}\n"
        "sources: {cache: null}\nactions: null\n",
        is_whole=True,
    )

    rollout = loads(path).rollout

    assert list(rollout.metrics) == ["errors", "health"]
    assert rollout.metrics["errors"].critical is None
    assert list(rollout.sources) == ["app"]
    assert rollout.actions == {}


@pytest.mark.usefixtures("base")
def test_a_null_that_takes_nothing_away_is_a_warning(write: Write) -> None:
    path = write("extends: base.yaml\nmetrics: {covrage: null}\n", is_whole=True)

    assert (
        loads(path)
        .warnings[0]
        .endswith("rollout.yaml:2: metrics.covrage: there is nothing to take away; did you mean coverage?")
    )


@pytest.mark.usefixtures("base")
def test_an_entry_of_another_kind_replaces_the_whole_entry(write: Write) -> None:
    path = write(
        """
        extends: base.yaml
        tracks: {baseline: {name: "old-*"}}
        sources: {app: {file: "*.log", track: canary}}
        events: {failed: {match: 'broken', sample: [it is broken]}}
        metrics:
          errors: {http: {url: "http://h/errors"}}
          coverage: {redis: {info: used_memory}}
          health: {http: {url: "http://other/"}}
        """,
        is_whole=True,
    )

    rollout = loads(path).rollout

    assert rollout.tracks["baseline"].image is None
    assert list(rollout.tracks) == ["canary", "baseline"]
    assert (rollout.sources["app"].kind, rollout.sources["app"].docker) == ("file", None)
    assert (rollout.events["failed"].kind, rollout.events["failed"].not_) == ("event", ())
    assert list(rollout.events) == ["failed", "done"]
    assert rollout.metrics["errors"].target is None
    redis = rollout.metrics["coverage"].redis
    assert redis is not None
    assert (redis.info, redis.scan) == ("used_memory", None)
    assert rollout.metrics["coverage"].source == "cache"
    health = rollout.metrics["health"].http
    assert health is not None
    assert (health.url, health.status) == ("http://other/", 204)


@pytest.mark.usefixtures("base")
def test_an_entry_of_the_same_kind_merges_inside_its_kind(write: Write) -> None:
    path = write("extends: base.yaml\nsources: {app: {docker: {project: other}, host: 'unix:///x'}}\n", is_whole=True)

    app = loads(path).rollout.sources["app"]

    assert app.docker is not None
    assert (app.docker.project, app.docker.service, app.host) == ("other", "app", "unix:///x")


@pytest.mark.usefixtures("base")
def test_a_problem_names_the_file_in_which_the_text_stands(write: Write) -> None:
    write(BASE.replace("> 5%", "big"), "base.yaml", is_whole=True)
    path = write("extends: base.yaml\nmetrics: {errors: {target: small}}\n", is_whole=True)

    problems = problems_of(path)

    assert problems[0].startswith("rollout.yaml:2: metrics.errors.target: found 'small'")
    assert problems[1].startswith("base.yaml:18: metrics.errors.critical: found 'big'")


def test_a_chain_is_followed_and_each_base_is_found_beside_the_file_that_names_it(write: Write) -> None:
    write(BASE, "far/base.yaml", is_whole=True)
    write("extends: base.yaml\ntitle: Middle\nservice: web\n", "far/middle.yaml", is_whole=True)
    path = write("extends: far/middle.yaml\ntitle: Outer\n", is_whole=True)

    loaded = loads(path)

    assert (loaded.rollout.title, loaded.rollout.service, loaded.rollout.rollout) == ("Outer", "web", "base")
    assert loaded.base_dir == path.parent


@pytest.mark.parametrize("last", ["a.yaml", "b.yaml", "./../{folder}/a.yaml"])
def test_a_circle_is_one_clear_problem(write: Write, last: str) -> None:
    path = write("extends: b.yaml\n", "a.yaml", is_whole=True)
    write(f"title: x\nextends: {last.format(folder=path.parent.name)}\n", "b.yaml", is_whole=True)

    problems = problems_of(path)

    assert len(problems) == 1
    assert problems[0].startswith("b.yaml:2: extends: this goes in a circle: a.yaml → b.yaml → ")


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("gone.yaml", "rollout.yaml:1: there is no file gone.yaml"),
        ("statless-orchestration", "did you mean stateless-orchestration?"),
        ("${BASE}", "rollout.yaml:1: extends: ${BASE} is not set in the environment"),
        ("bad.yaml", "bad.yaml:2: not YAML"),
    ],
)
def test_a_base_that_cannot_be_read_is_one_clear_problem(write: Write, extends: str, said: str) -> None:
    write("a: 'b\n", "bad.yaml", is_whole=True)
    path = write(f'extends: "{extends}"\ntitle: x\n', is_whole=True)

    problems = problems_of(path)

    assert len(problems) == 1
    assert said in problems[0]


def test_a_variable_that_the_overlay_replaces_need_not_be_set(write: Write) -> None:
    write(BASE.replace("redis://h", "${REDIS_URL}"), "base.yaml", is_whole=True)
    path = write("extends: base.yaml\nsources: {cache: {redis: 'redis://mine'}}\n", is_whole=True)

    assert loads(path).rollout.sources["cache"].redis == "redis://mine"


def test_queries_of_the_outer_rollout_come_before_those_of_its_base(write: Write, tmp_path: Path) -> None:
    for place in ("queries/mine/error_rate.sql",):
        write("SELECT 1 AS total, 0 AS bad WHERE :window > '0s'", place, is_whole=True)
    path = write("extends: stateless-orchestration\nrollout: mine\n", is_whole=True)

    queries = loads(path).queries

    assert queries["error_rate"].path == str(tmp_path / "queries/mine/error_rate.sql")
    assert queries["p95_latency"].path.endswith("queries/stateless-orchestration/p95_latency.sql")


def test_the_digest_changes_with_every_file_of_the_chain(write: Write, base: Path) -> None:
    path = write("extends: base.yaml\n", is_whole=True)
    before = loads(path).text_sha256

    base.write_text(BASE + "# more\n", encoding="utf-8")

    assert loads(path).text_sha256 != before
    assert loads(base).text_sha256 == hashlib.sha256(base.read_bytes()).hexdigest()


def test_null_inside_a_json_body_stays_null(write: Write) -> None:
    write(BASE.replace("status: 204", "json: {a: 1, b: 2}"), "base.yaml", is_whole=True)
    path = write("extends: base.yaml\nmetrics: {health: {http: {json: {b: null}}}}\n", is_whole=True)

    http = loads(path).rollout.metrics["health"].http

    assert http is not None
    assert http.json_ == {"a": 1, "b": None}


def test_the_guide_of_fsm_checkpoint_says_all_that_an_agent_outside_docker_needs(write: Write) -> None:
    guide = Path(__file__).parents[2] / "docs" / "rollouts" / "fsm-checkpoint.md"
    said = guide.read_text("utf-8").partition("### An agent outside Docker")[2]

    found = loads(write(said.partition("```yaml\n")[2].partition("```")[0], is_whole=True))

    rollout = found.rollout
    assert {source.kind for source in rollout.sources.values()} == {"file", "redis"}
    assert (rollout.metrics["running"].kind, "memory" in rollout.metrics) == ("http", False)
    assert rollout.actions["rollback"].before, "what is looked at before stays"
