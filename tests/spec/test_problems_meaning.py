"""Every mistake in a rollout file gives one message that names the line and the remedy."""

import pytest

from tests.spec.conftest import DB, HEAD, METRIC, PHASES, Write, problems_of

EVENTS = "events: {a: {match: 'aa', sample: [aa]}, b: {match: 'b(?P<n>\\d+)', number: n, sample: [b1]}}\n"
RATIO = "metrics: {m: {events: {of: a, over: [a, b]}, unit: '%', evidence: {}, KEYS}}"
SHAPE = [
    ("titel: x", "rollout.yaml:4: titel: this key is not known here; did you mean title?"),
    ("zzz: x", "known here: rollout, title, service, extends, tracks"),
    ("events: {a: {match: x, smaple: [x]}}", "4: events.a.smaple: this key is not known here; did you mean sample?"),
    ("events: [a]", "4: events: found a list; expected a mapping of names to settings"),
    ("events:\n  a:", "5: events.a: found nothing; expected a mapping with keys such as kind, match"),
    ("events: {a: {kind: x}}", "4: events.a.match: missing; this key is needed"),
    ("events: {a: {match: x, sample: x}}", "4: events.a.sample: found 'x'; expected a list: put it in brackets, ['x']"),
    ("events: {a: {match: [x]}}", "4: events.a.match: found a list; expected text"),
    ("events: {1a: {match: x}}", "4: events.1a: found '1a'; use letters, digits, - and _, and begin with a letter"),
    (METRIC.replace("KEYS", "every: 5"), "found the number 5; expected a duration such as 500ms, 30s, 5m, 48h or 7d"),
    (METRIC.replace("KEYS", "every: 0.5"), "found the number 0.5; expected a duration"),
    (METRIC.replace("KEYS", "for: 5 minutes"), "4: metrics.m.for: found '5 minutes'; expected a duration"),
    (METRIC.replace("KEYS", "window: soon"), "found 'soon'; expected a duration such as 15m, or the word phase"),
    (METRIC.replace("KEYS", "min_samples: -1"), "found the number -1; expected a number of at least 0"),
    (METRIC.replace("KEYS", "min_samples: few"), "found 'few'; expected a whole number"),
    (METRIC.replace("KEYS", "min_samples: 1.5"), "found the number 1.5; expected a whole number"),
    (METRIC.replace("KEYS", "evidence: {alpha: 2}"), "found the number 2; expected a number less than 1"),
    (METRIC.replace("KEYS", "evidence: {margin: inf}"), "expected a number within reason"),
    (METRIC.replace("KEYS", "for_: 5s"), "metrics.m.for_: this key is not known here; did you mean for?"),
    (METRIC.replace("KEYS", "query: q"), "found query, http; expected exactly one of"),
    ("metrics: {m: {unit: s}}", "4: metrics.m: found none of them; expected exactly one of"),
    ("metrics: {m: {query: q}}", "4: metrics.m: a query metric needs `source`"),
    ("metrics: {m: {quantile: {of: b, q: 95}}}", "found the number 95; expected a number less than 1"),
    ("metrics: {m: {container: disk, source: a}}", "found 'disk'; expected memory, cpu, restarts or running"),
    ("metrics: {m: {http: {url: 'http://h', method: FETCH}}}", "found 'FETCH'; expected GET, HEAD, POST"),
    ("metrics: {m: {http: {url: 'http://h', status: 99}}}", "expected a number of at least 100"),
    ("metrics: {m: {redis: pong, source: c}}", "found 'pong'; expected a mapping with keys such as ping, scan"),
    ("metrics: {m: {redis: {scan: x}, source: c}}", "scan goes with has_field or has_key; to count keys use count"),
    ("metrics: {m: {redis: {scan: x, has_field: f, has_key: y}, source: c}}", "scan goes with has_field or has_key"),
    ("metrics: {m: {redis: {scan: 'x:*', has_key: y}, source: c}}", "scan and has_key have one * each"),
    ("metrics: {m: {redis: {scan: '[xy]:*', has_key: 'z:*'}, source: c}}", "and no other sign of a pattern"),
    ("tracks: {canary: {label: a, image: b}}", "found label, image; expected exactly one of label, image, name"),
    ("sources: {a: {docker: {}}}", "4: sources.a.docker: expected at least one of project, service"),
    ("sources: {a: {file: x, host: y}}", "4: sources.a: host belongs to a docker source"),
    ("sources: {a: {command: ls -l}}", "found 'ls -l'; expected the words of a command, such as [docker, compose, ps]"),
    ("phases: [{name: a, traffic: 110%}]", "phases[0].traffic: found '110%'; expected a traffic share from 0% to 100%"),
    ("phases: [a]", "4: phases[0]: found 'a'; expected a mapping with keys such as name, traffic"),
    ("phases: {name: a}", "4: phases: found a mapping; expected a list"),
    (
        DB + "actions: {a: {title: t, steps: [{run: [x]}], before:"
        " [{redis: {count: 'k:*'}, source: cache, expect: '>= before'}]}}",
        "'>= before' compares with before the steps of an action; write it in `verify` of an action, here a number",
    ),
    (
        "actions: {a: {title: t, steps: [{run: [x]}], verify: [{command: [x], window: 1h}]}}",
        "window belongs to a query check",
    ),
    (
        "actions: {a: {title: t, key: RR, steps: [{run: [x]}]}}",
        "actions.a.key: found 'RR'; expected one letter or digit",
    ),
    (
        "actions: {a: {title: t, kind: undo, steps: [{run: [x]}]}}",
        "found 'undo'; expected rollback, step_down, advance or task",
    ),
    ("actions: {a: {title: t}}", "4: actions.a: expected at least one step"),
    ("actions: {a: {title: t, steps: [{}]}}", "actions.a.steps[0]: found none of them; expected exactly one of run"),
    ("actions: {a: {title: t, steps: [{run: [x], shell: perhaps}]}}", "found 'perhaps'; expected true or false"),
    (
        "actions: {a: {title: t, steps: [{env_file: {path: .env, set: {A: }}}]}}",
        'found nothing; write "" for an empty value',
    ),
    (
        "actions: {a: {title: t, kind: step_down, ladder: [5, 9], steps: [{run: [x]}]}}",
        "expected a ladder that falls from rung to rung",
    ),
    (
        "alerts: {routes: [{severity: loud, to: [x]}]}",
        "alerts.routes[0].severity: found 'loud'; expected critical, warning or blind",
    ),
]
MEANING = [
    (
        METRIC.replace("KEYS", "target: '< 5', warning: '> 3'"),
        "metrics.m.warning: a value can be on target and warning at once",
    ),
    (
        EVENTS + RATIO.replace("KEYS", "target: 500..2000"),
        "5: metrics.m.evidence: `target: 500..2000` does not say whether more or less is worse; expected a condition "
        'beside it that does, such as `against_baseline: "<= baseline"`, or no evidence',
    ),
    (
        EVENTS + RATIO.replace("KEYS", "against_baseline: within 10% of baseline"),
        "`against_baseline: within 10% of baseline` does not say whether more or less is worse",
    ),
    (
        EVENTS + RATIO.replace("KEYS", "target: 1..5%, warning: '> 5%', critical: '< 1%'"),
        "5: metrics.m.evidence: by `critical` more is better, and by `warning` less is: evidence cannot tell a worse "
        "canary; let all conditions point one way, or take `evidence` away",
    ),
    (
        METRIC.replace("KEYS", "warning: '> 5', critical: '> 3'"),
        "metrics.m.critical: every value that is a warning (> 5) is critical already; let critical ask for more",
    ),
    (METRIC.replace("KEYS", "target: '20..10'"), "metrics.m.target: found '20..10'; expected the smaller number first"),
    ("service: ''", "service: this is empty"),
    ('service: "a\\tb"', "service: 'a    b' has characters that cannot be shown"),
    ("service: ' app'", "service: ' app' has spaces around it; remove them"),
    ("tracks: {stable: {label: a}}", "4: tracks.stable: there is no track stable; tracks are: canary, baseline"),
    ("tracks: {cannary: {label: a}}", "there is no track cannary; did you mean canary?"),
    ("sources: {a: {file: x, track: blue}}", "sources.a.track: there is no track 'blue'; tracks are: canary, baseline"),
    (
        "sources: {a: {postgres: 'mysql://h'}}",
        "'mysql://h' is no address of postgres; expected it to begin with postgres://",
    ),
    ("sources: {a: {redis: localhost}}", "'localhost' is no address of redis; expected it to begin with redis://"),
    ("sources: {a: {docker: {name: x}, host: node}}", "'node' is no address of a Docker engine"),
    ("sources: {a: {command: []}}", "this command is empty; write its words"),
    (
        "events: {a: {match: 'foo('}}",
        "'foo(' is no regular expression: missing ), unterminated subpattern at position 4",
    ),
    ("events: {a: {match: '[[x]'}}", "is ambiguous"),
    ("events: {a: {match: 'a{1,99999999999}'}}", "is too large for a regular expression"),
    (
        "events: {a: {match: a, number: ms}}",
        "4: events.a.number: 'ms' is no named group of the pattern; write the number in the",
    ),
    (
        "events: {a: {match: '(?P<millis>\\d+)', number: milis}}",
        "'milis' is no named group of the pattern; did you mean millis?",
    ),
    (
        "events: {a: {match: '(?P<begins>a)(?P<ends>b)', matrix: {from: begin, to: ends}}}",
        "4: events.a.matrix.from: 'begin' is no named group of words; did you mean begins?",
    ),
    (
        "events: {a: {match: '(?P<n>\\d)(?P<b>b)', number: n, matrix: {from: b, to: n}}}",
        "4: events.a.matrix.to: 'n' is no named group of words",
    ),
    (
        "events: {a: {match: '(?P<a>a)(?P<b>b)', matrix: {from: a, to: b, rejected: c}}, c: {match: c}}",
        "4: events.a.matrix.rejected: the pairs of c are not counted; add `matrix:` to the event c",
    ),
    (
        "phases: [{name: One, traffic: 5%}]\n" + METRIC.replace("KEYS", "phases: [Two]"),
        "5: metrics.m.phases[0]: there is no phase 'Two'",
    ),
    (
        "phases: [{name: One, traffic: 5%, advance: [m]}, {name: Two, traffic: 100%}]\n"
        + METRIC.replace("KEYS", "phases: Two"),
        "5: metrics.m.phases: the phase One waits for this metric, and it is not judged there",
    ),
    (
        "phases: [{name: One, traffic: 5%, checklist: [{id: i, text: T, verify: {soaked: [Oen]}}]}]",
        "4: phases[0].checklist[0].verify.soaked[0]: there is no phase 'Oen'; did you mean One?",
    ),
    (
        "phases: [{name: One, traffic: 5%, prerequisites: [{id: i, text: T, verify: {soaked: One}}]}]",
        "4: phases[0].prerequisites[0].verify.soaked: the phase One has no soak; give it one",
    ),
    (
        "phases: [{name: One, traffic: 5%, checklist: [{id: i, text: T, verify: {alerts: []}}]}]",
        "4: phases[0].checklist[0].verify.alerts: no severity is named here; name critical, warning or blind",
    ),
    (
        "actions: {a: {title: A, steps: [{run: [x]}], before: [{alerts: critical}]}}",
        "4: actions.a.before[0]: an action cannot look at `alerts`",
    ),
    (
        DB + "actions: {a: {title: A, steps: [{run: [x], login: cache}]}}",
        "cache is a redis source, a login needs",
    ),
    (DB + "actions: {a: {title: A, steps: [{http: {url: 'http://h'}, login: db}]}}", "a http step logs in by itself"),
    (
        "actions: {a: {title: A, steps: [{run: [x], prints: '('}]}}",
        "4: actions.a.steps[0].prints: '(' is no regular expression",
    ),
    (METRIC.replace("KEYS", "progress: true"), "progress belongs to a redis metric with count or scan"),
    ("events: {a: {match: '(?P<n>\\w+)', number: n, sample: [xy]}}", "n is 'xy' in this sample, not a number"),
    ("events: {a: {match: '(?P<n>\\d+)?x', number: n, sample: [x]}}", "n is nothing in this sample, not a number"),
    (
        "events:\n  a:\n    match: foo\n    sample:\n      - bar",
        "8: events.a.sample[0]: the pattern does not match 'bar'",
    ),
    ("events: {a: {match: foo, not: [a foo]}}", "4: events.a.not[0]: the pattern matches 'a foo', which it must not"),
    ('events: {a: {match: foo, sample: ["foo\\nbar"]}}', "this sample has more than one line"),
    (
        "events:\n  wide: {match: FSM}\n  narrow: {match: 'FSM rejected', sample: [FSM rejected]}",
        "6: events.narrow.sample[0]: 'FSM rejected' is named wide before narrow is tried; rules are tried in order: "
        "put narrow above wide, or narrow wide",
    ),
    (EVENTS + "metrics: {m: {events: {of: bb}}}", "5: metrics.m.events.of: there is no event 'bb'; did you mean b?"),
    (EVENTS + "metrics: {m: {events: {of: a, over: [a, x]}}}", "metrics.m.events.over[1]: there is no event 'x'"),
    (EVENTS + "metrics: {m: {events: {of: []}}}", "no event is named here; name at least one"),
    (EVENTS + "metrics: {m: {quantile: {of: a, q: 0.9}}}", "a captures no number; add `number:` to the event a"),
    (
        EVENTS + "metrics: {m: {events: {of: a}, evidence: {}}}",
        "evidence cannot be had from this metric; it needs counts",
    ),
    (
        EVENTS + "metrics: {m: {events: {of: a, over: [b]}, evidence: {}}}",
        "5: metrics.m.events.over: evidence needs a part of a whole; name the events of `of` in `over` too",
    ),
    (
        METRIC.replace("KEYS", "breaches: often, warning: '> 1'"),
        "metrics.m.breaches: found 'often'; expected how many of the last",
    ),
    (METRIC.replace("KEYS", "breaches: 5 of 3, warning: '> 1'"), "the smaller number first"),
    (METRIC.replace("KEYS", "breaches: 3 of 5"), "there is neither a warning nor a critical condition; add one"),
    (METRIC.replace("KEYS", "no_data: bad"), "no data cannot count as bad without a warning or critical condition"),
    (METRIC.replace("KEYS", "no_data: good"), "found 'good'; expected unknown, hold or bad"),
    (METRIC.replace("KEYS", "broken_after: 0"), "found the number 0; expected a number of at least 1"),
    (METRIC.replace("KEYS", "evidence: {worse: bad}"), "found 'bad'; expected warning or critical"),
    (METRIC.replace("KEYS", "evidence: {not_worse_than: 1}"), "expected a number greater than 1"),
    (
        METRIC.replace("KEYS", "evidence: {margin: 1, not_worse_than: 1.5}"),
        "not_worse_than must be more than 1 + margin",
    ),
    (EVENTS + "metrics: {m: {events: {of: a, per: 0s}}}", "metrics.m.events.per: found 0s; expected a duration"),
    (
        DB + "metrics: {m: {redis: ping, source: cahce}}",
        "5: metrics.m.source: there is no source 'cahce'; did you mean cache?",
    ),
    (
        DB + "metrics: {m: {redis: ping, source: log}}",
        "log is a file source, a redis metric needs redis; sources of that kind: cache",
    ),
    (DB + "metrics: {m: {redis: ping, source: db}}", "db is a postgres source, a redis metric needs redis"),
    (DB + "metrics: {m: {container: cpu, source: log}}", "a container metric needs docker; add a docker source"),
    (DB + "metrics: {m: {query: q, source: db}}", "5: metrics.m.query: there is no query 'q'; write "),
    (
        DB + "metrics: {m: {query: sql/q.sql, source: db}}",
        "the query cannot be used: 'sql/q.sql': cannot be read: No such file",
    ),
    (
        METRIC.replace("KEYS", "target: about 5"),
        "4: metrics.m.target: found 'about 5'; expected a condition such as '< 1%'",
    ),
    (
        METRIC.replace("KEYS", "unit: '%', warning: '> 5 MB'"),
        "metrics.m.warning: MB cannot be compared with a metric in %",
    ),
    (METRIC.replace("KEYS", "target: '< baseline'"), "a http metric has no baseline; compare with a number"),
    (METRIC.replace("KEYS", "against_baseline: '< 5'"), "'< 5' names no baseline; write one such as '<= baseline'"),
    (METRIC.replace("KEYS", "on: {critical: rolback}"), "there is no action 'rolback'; write one of: hold"),
    (METRIC.replace("KEYS", "every: 10ms"), "metrics.m.every: found '10ms'; expected at least 100ms"),
    (METRIC.replace("KEYS", "timeout: 0s"), "metrics.m.timeout: found '0s'; expected more than 0s"),
    ("metrics: {m: {http: {url: 'ftp://h'}}}", "'ftp://h' is no address of HTTP; write one such as http://"),
    ("metrics: {m: {http: {url: 'http://h:x/'}}}", "is no address of HTTP"),
    ("metrics: {m: {http: {url: 'http://h', headers: {A: \"b\\r\\nc\"}}}}", "this header cannot be sent"),
    ("phases: [{name: a, traffic: 0%}, {name: a, traffic: 1%}]", "phases[1].name: phases[0] is named 'a' too"),
    ("phases: [{name: ' ', traffic: 0%}]", "phases[0].name: this is empty"),
    (
        METRIC.replace("KEYS", "") + "\nphases: [{name: a, traffic: 0%, advance: [mm]}]",
        "there is no metric 'mm'; did you mean m?",
    ),
    (
        METRIC.replace("KEYS", "") + "\nphases: [{name: a, traffic: 0%, pause: [m]}]",
        "expected a metric and a condition",
    ),
    (
        METRIC.replace("KEYS", "") + "\nphases: [{name: a, traffic: 0%, pause: ['n > 5']}]",
        "'n > 5' names a metric that is not there",
    ),
    (
        METRIC.replace("KEYS", "") + "\nphases: [{name: a, traffic: 0%, pause: ['m > x']}]",
        "found 'm > x'; expected a condition",
    ),
    (
        "phases: [{name: a, traffic: 0%, checklist: [{id: x, text: a}, {id: x, text: b}]}]",
        "phases[0].checklist[1].id: 'x' stands twice in this phase",
    ),
    (
        "phases: [{name: a, traffic: 0%, prerequisites: [{id: x, text: a}], checklist: [{id: x, text: b}]}]",
        "phases[0].checklist[0].id: 'x' stands twice in this phase",
    ),
    (
        "phases: [{name: a, traffic: 0%, checklist: [{id: x, text: a, second_person: maybe}]}]",
        "phases[0].checklist[0].second_person: found 'maybe'",
    ),
    (
        "phases: [{name: a, traffic: 0%, prerequisites: "
        "[{id: x, text: a, second_person: true, verify: {command: [x]}}]}]",
        "phases[0].prerequisites[0]: the console verifies this item by itself",
    ),
    (
        "phases: [{name: a, traffic: 0%, sign_off: [lead, {role: lead, second_person: named}]}]",
        "phases[0].sign_off[1].role: lead signs twice in this phase",
    ),
    (
        "phases: [{name: a, traffic: 0%, sign_off: [{role: lead, who: anna}]}]",
        "phases[0].sign_off[0].who: this key is not known here; known here: role, second_person",
    ),
    (
        "phases: [{name: a, traffic: 0%, checklist: [{id: x, text: a, verify: {redis: ping, source: c}}]}]",
        "phases[0].checklist[0].verify.source: there is no source 'c'",
    ),
    ("actions: {hold: {title: t, steps: [{run: [x]}]}}", "hold is what `on` says to stop a phase"),
    ("actions: {a: {title: t, key: S, steps: [{run: [x]}]}}", "the key 'S' belongs to the console; take another"),
    (
        "actions: {a: {title: t, key: D, steps: [{run: [x]}]}, b: {title: t, key: D, steps: [{run: [x]}]}}",
        "actions.b.key: the key D belongs to a; give every action a key of its own",
    ),
    (
        "phases: [{name: Move, traffic: 0%}]\nactions: {a: {title: t, phases: [Mvoe], steps: [{run: [x]}]}}",
        "5: actions.a.phases: there is no phase Mvoe; did you mean Move?",
    ),
    (
        "phases: [{name: Move, traffic: 0%}]\n"
        "actions: {a: {title: t, kind: rollback, phases: [Move], steps: [{run: [x]}]}}",
        "5: actions.a.phases: a rollback belongs to every phase; take this key away",
    ),
    (
        "actions: {a: {title: t, kind: rollback, way_back: true, steps: [{run: [x]}]}}",
        "4: actions.a.way_back: a rollback is a way back anyway; take this key away",
    ),
    (
        "actions: {a: {title: t, kind: advance, way_back: true}}",
        "4: actions.a.way_back: an advance takes nothing back; take this key away",
    ),
    (
        "actions: {a: {title: t, before: [{command: [x], to: [Move]}], steps: [{run: [x]}]}}",
        "4: actions.a.before[0].to: a task enters no phase; take this key away",
    ),
    (
        "actions: {a: {title: t, verify: [{command: [x], to: [Move]}], steps: [{run: [x]}]}}",
        "4: actions.a.verify[0].to: this is asked on the way into no phase",
    ),
    (
        "phases: [{name: a, traffic: 0%, checklist: [{id: x, text: a, verify: {command: [x], to: [a]}}]}]",
        "phases[0].checklist[0].verify.to: this is asked on the way into no phase",
    ),
    ("actions: {a: {title: t, steps: [{run: ['']}]}}", "this command is empty; write its words"),
    (
        "actions: {a: {title: t, steps: [{run: [x], timeout: 0s}]}}",
        "steps[0].timeout: found '0s'; expected more than 0s",
    ),
    ("actions: {a: {title: t, steps: [{env_file: {path: .env, set: {}}}]}}", "this sets nothing"),
    ("actions: {a: {title: t, steps: [{env_file: {path: .env, set: {a-b: x}}}]}}", "this is no name of a variable"),
    (
        'actions: {a: {title: t, steps: [{env_file: {path: .env, set: {A: "x\\nB=1"}}}]}}',
        "the value has more than one line",
    ),
    (DB + "actions: {a: {title: t, steps: [{sql: {source: cache, statement: x}}]}}", "an sql step needs postgres"),
    (DB + "actions: {a: {title: t, steps: [{redis: {source: nope, command: [DEL, x]}}]}}", "there is no source 'nope'"),
    (DB + "actions: {a: {title: t, steps: [{redis: {source: cache, command: []}}]}}", "this command is empty"),
    (
        "actions: {a: {title: t, kind: task, steps: [{run: [x, '${traffic}']}]}}",
        "4: actions.a.steps[0].run[1]: a task changes no share of traffic, so ${traffic} is not known",
    ),
    ("sources: {a: {file: '${traffic}.log'}}", "${traffic} is known only while an action runs"),
    (
        "actions: {a: {title: t, steps: [{run: [x], to: one}]}}\nphases: [{name: one, traffic: 0%}]",
        "4: actions.a.steps[0].to: a task enters no phase; take this key away",
    ),
    (
        "actions: {a: {title: t, kind: advance, steps: [{run: [x], to: [one, tow]}]}}\n"
        "phases: [{name: one, traffic: 0%}, {name: two, traffic: 0%}]",
        "actions.a.steps[0].to: there is no phase tow; did you mean two?",
    ),
    (
        DB + "actions: {a: {title: t, steps: [{run: [x]}], verify: [{sql: {source: db, statement: DROP TABLE t}}]}}",
        "actions.a.verify[0].sql.statement: the statement begins with DROP; expected SELECT",
    ),
    (
        DB + "actions: {a: {title: t, steps: [{run: [x]}], verify: [{sql: {source: cache, statement: SELECT 1}}]}}",
        "actions.a.verify[0].sql.source: cache is a redis source, an sql check needs postgres",
    ),
    (
        DB + "actions: {a: {title: t, parameters: {t: {}}, steps: [{run: [x]}], "
        "verify: [{sql: {source: db, statement: \"SELECT '${t}'\"}}]}}",
        "actions.a.verify[0].sql.statement: ${t} stands in quotes",
    ),
    (
        DB + "metrics: {m: {redis: {info: hits, over: [misses]}, source: cache}}",
        "metrics.m.redis: over goes with info, and names that field too",
    ),
    ("alerts: {routes: [{severity: critical, to: []}]}", "alerts.routes[0].to: nobody is told"),
    (
        "actions: {a: {title: T, parameters: {p: {}}, steps: [{env_file: {path: .env, set: {'ON_${p}': 'no'}}}]}}",
        "actions.a.steps[0].env_file.set.ON_${p}: this is no name of a variable",
    ),
    (
        "actions: {a: {title: T, parameters: {p: {from: {values: [x, y-z]}}},"
        " steps: [{env_file: {path: .env, set: {'ON_${p}': 'no'}}}]}}",
        "actions.a.steps[0].env_file.set.ON_${p}: this is no name of a variable",
    ),
    ("alerts: {routes: [{severity: critical, to: ['']}]}", "alerts.routes[0].to[0]: this address is empty"),
    (
        'alerts: {routes: [{severity: critical, to: ["json://x"], escalate_after: 5m}]}',
        "escalate_after and escalate_to go together",
    ),
    ('alerts: {repeat: 0s, routes: [{severity: critical, to: ["json://x"]}]}', "repeat: found '0s'; expected more"),
    ("alerts: {templates: {t: {title: '{{ valu }}', message: x}}}", "there is no value valu; did you mean value?"),
    (
        "alerts:\n  templates:\n    t:\n      title: x\n      message: |\n        one\n        {% if %}\n",
        "10: alerts.templates.t.message: Expected an expression",
    ),
    ("alerts: {templates: {t: {title: x, message: x, with: {a: 'row.'}}}}", "templates.t.with.a: "),
    ("alerts: {templates: {t: {title: x, message: '{{ \"x\" * 9999 }}'}}}", "works on small numbers only"),
    ("alerts: {templates: {t: {title: x, message: '{{ range(9) }}'}}}", "there is no value range"),
    ("alerts: {templates: {t: {title: x, message: '{{ \"\".__class__ }}'}}}", "this template fails"),
    ("alerts: {templates: {t: {title: x, message: x, about: [nope]}}}", "there is no metric, source, budget or action"),
]


@pytest.mark.parametrize(("text", "said"), [*SHAPE, *MEANING], ids=lambda value: value[:60])
def test_one_mistake_gives_one_message_with_line_and_remedy(write: Write, text: str, said: str) -> None:
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(text.partition(":")[0]))
    path = write(head + text + ("" if "phases:" in text else "\n" + PHASES), is_whole=True)

    problems = problems_of(path)

    assert len(problems) == 1, problems
    assert said in problems[0]
    assert "pydantic" not in problems[0]
    assert "://errors" not in problems[0]
