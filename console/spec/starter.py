"""The rollout file that `new` begins with."""

import re

NAME = "my-service"

_TEXT = """\
# A rollout file: what is released, what is watched, when to go on, and the way out.
# Try it with `rollout-console validate FILE`; every key is explained in docs/rollout-file.md.
# An editor completes it with the output of `rollout-console schema` as its JSON Schema.
rollout: @NAME@
title: What is released, in a few words
service: app                       # destructive actions ask the operator to type this

# How a container belongs to a side; the first that matches decides.
tracks:
  canary: {label: rollout.track=canary}
  baseline: {label: rollout.track=baseline}

# Where lines and samples come from. ${NAME} and ${NAME:-default} come from the environment.
sources:
  app: {docker: {project: "${COMPOSE_PROJECT_NAME:-@NAME@}", service: app}}
  # old: {file: "logs/old*.log", track: baseline}
  # db: {postgres: "${DATABASE_URL}"}
  # cache: {redis: "${REDIS_URL}"}

# Classes of log lines, tried from top to bottom: the first that matches a line names it. Samples are checked.
events:
  request_failed:
    kind: request
    match: 'request failed: (?P<reason>\\w+)'         # named groups are counted as labels
    sample: ["ERROR app request failed: timeout"]
    not: ["INFO app request completed in 12ms"]
  request_completed:
    kind: request
    match: 'request completed in (?P<ms>\\d+)ms'
    number: ms                                       # a captured number, for quantiles
    sample: ["INFO app request completed in 12ms"]

# What is measured and judged; panels stand in this order.
metrics:
  error_rate:
    events: {of: request_failed, over: [request_failed, request_completed]}
    window: 15m
    unit: "%"
    target: "< 1%"
    warning: "> 2%"
    critical: "> 5%"
    for: 5m                                          # it must hold this long before it counts
    min_samples: 100                                 # with fewer the verdict is UNKNOWN
    on: {warning: hold, critical: rollback}          # hold: no advance; rollback: its key stands beside the panel
  p95_latency:
    quantile: {of: request_completed, q: 0.95}
    window: 15m
    unit: ms
    target: "< 500ms"
    critical: "> 2s"
    against_baseline: "<= baseline + 50ms"
    min_samples: 100
    on: {critical: rollback}
  health:
    http: {url: "${HEALTH_URL:-http://127.0.0.1:8080/health}", status: 200}
    every: 10s
    target: "== 1"
  # signups:
  #   query: signups              # queries/@NAME@/signups.sql beside this file, one SELECT
  #   source: db
  #   every: 60s
  #   target: "> 0"

# What is critical opens an incident: a response clock, roles, a procedure, a post-mortem. Times that are not
# said have defaults.
incidents:
  severities:
    - {severity: 1, about: [error_rate], respond_within: 5m, action: rollback}
    - {severity: 2, about: [p95_latency, health]}

# Who is told. Try the addresses with `rollout-console alerts test FILE`.
# alerts:
#   routes:
#     - {severity: critical, to: ["${PAGERDUTY_URL}"], escalate_after: 5m, escalate_to: ["${LEAD_URL}"]}
#     - {severity: warning, to: ["${SLACK_URL}"]}

# The steps of the rollout. The next one may begin when the soak is over and everything named here is true.
phases:
  - name: Canary 10%
    traffic: 10%
    soak: 24h
    advance: [error_rate, p95_latency, health]
    pause: ["error_rate > 2%"]
    checklist:
      - {id: backup, text: The database is backed up}
      - {id: healthy, text: The service answers, verify: {http: {url: "${HEALTH_URL:-http://127.0.0.1:8080/health}"}}}
    sign_off: [engineering-lead]
  - name: Full 100%
    traffic: 100%
    soak: 24h
    advance: [error_rate, p95_latency, health]

# What the operator can do. `${traffic}` in a step is the share that is being applied.
actions:
  rollback:
    key: R
    title: Roll back to 0%
    kind: rollback
    steps:
      - env_file: {path: .env, set: {CANARY_PERCENTAGE: "0"}}
      - run: [docker, compose, up, -d, --no-deps, app]
        timeout: 120s
    verify:
      - {http: {url: "${HEALTH_URL:-http://127.0.0.1:8080/health}"}, within: 60s}
  step_down:
    key: G
    title: Step down
    kind: step_down
    ladder: [50, 10, 0]
    hold: 10m
    steps:
      - env_file: {path: .env, set: {CANARY_PERCENTAGE: "${traffic}"}}
      - run: [docker, compose, up, -d, --no-deps, app]
        timeout: 120s
  advance:
    key: A
    title: Advance to the next phase
    kind: advance
    steps:
      - env_file: {path: .env, set: {CANARY_PERCENTAGE: "${traffic}"}}
      - run: [docker, compose, up, -d, --no-deps, app]
        timeout: 120s
"""


def starter(rollout: str = NAME) -> str:
    """Return a commented rollout file that validates; `rollout` becomes its id, in the letters that an id may have."""
    name = re.sub(r"[^a-z0-9]+", "-", rollout.lower()).strip("-") or NAME
    return _TEXT.replace("@NAME@", name)
