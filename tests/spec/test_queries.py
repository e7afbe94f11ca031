"""Query files: one reading statement each."""

from pathlib import Path

import pytest

from queries.loader import QueryFileError, load_query, parse_query
from tests.spec.conftest import HEAD, Write, loads, problems_of


def sql_of(text: str) -> str:
    return parse_query("q", text, "q.sql").sql


def test_the_header_gives_title_and_window_and_does_not_become_part_of_the_statement() -> None:
    query = parse_query("q", "-- title: Errors \n--Window: 1h30m\n\nSELECT 1 -- one\n", "q.sql")

    assert (query.title, query.window_s, query.sql, query.takes_window) == ("Errors", 5400.0, "SELECT 1", False)


def test_the_header_gives_every_index_that_is_needed() -> None:
    query = parse_query("q", "-- index: a.runs (at)\n-- index: users (lower(name), id)\nSELECT 1", "q.sql")

    assert query.indexes == ("a.runs (at)", "users (lower(name), id)")


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1 ; ;\n-- the end;\n/* ; */", "SELECT 1"),
        (";;SELECT 1", "SELECT 1"),
        ("select now() - :window", "select now() - $1::interval"),
        ("SELECT :window, :window", "SELECT $1::interval, $1::interval"),
        ("SELECT 1::int, x::window, :windows", "SELECT 1::int, x::window, :windows"),
        ("SELECT ':window; --' AS a", "SELECT ':window; --' AS a"),
        ("SELECT 'it''s; :window'", "SELECT 'it''s; :window'"),
        (r"SELECT E'a\'; :window'", r"SELECT E'a\'; :window'"),
        (r"SELECT 'a\' || :window", r"SELECT 'a\' || $1::interval"),
        ('SELECT 1 AS ":window;"', 'SELECT 1 AS ":window;"'),
        ("SELECT $$;:window$$, $a$;$$;:window$a$", "SELECT $$;:window$$, $a$;$$;:window$a$"),
        ("SELECT /* ; /* nested */ :window */ 1", "SELECT /* ; /* nested */ :window */ 1"),
        ("SELECT 1 -- ; :window\n, 2", "SELECT 1 -- ; :window\n, 2"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)"),
        ("VALUES (1)", "VALUES (1)"),
        ("table t", "table t"),
        ("SELECT a$b FROM t", "SELECT a$b FROM t"),
        ("SELECT arr[1:2]", "SELECT arr[1:2]"),
    ],
)
def test_only_the_statement_is_kept_and_only_a_free_standing_window_is_bound(text: str, sql: str) -> None:
    assert sql_of(text) == sql


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "q.sql: there is no statement in it; write one SELECT"),
        ("-- nothing\n;", "there is no statement in it"),
        ("--\n-- index: created_at\nSELECT 1", "q.sql:2: the index 'created_at' has no table with columns; write one"),
        ("SELECT 1;\nSELECT 2", "q.sql:2: a second statement begins here; one file holds one statement"),
        ("SELECT 1; DROP TABLE t", "a second statement begins here"),
        ("\nDELETE FROM t", "q.sql:2: the statement begins with DELETE; expected SELECT, WITH, VALUES or TABLE"),
        ("EXPLAIN ANALYZE SELECT 1", "the statement begins with EXPLAIN"),
        ("/* SELECT */ update t set a = 1", "the statement begins with update"),
        ("SELECT $1", "the parameter $1 is bound to nothing; write :window where it goes"),
        ("SELECT 1,\n'abc", "q.sql:2: a ' is never closed"),
        ('SELECT "abc', 'a " is never closed'),
        ("SELECT $x$abc", "a $x$ is never closed"),
        ("SELECT 1 /* /* */", "a comment is never closed"),
        ("-- window: soon\nSELECT 1", "q.sql:1: the window 'soon' is no duration; write one such as 24h"),
        ("-- window: 0s\nSELECT 1", "is no duration"),
    ],
)
def test_what_is_not_one_reading_statement_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(QueryFileError) as caught:
        sql_of(text)

    assert said in str(caught.value)


def test_a_query_beside_the_file_comes_before_the_one_that_ships(write: Write, tmp_path: Path) -> None:
    assert load_query("stateless-orchestration", "error_rate", tmp_path).path.endswith("error_rate.sql")

    write("SELECT 1 AS value", "queries/stateless-orchestration/error_rate.sql", is_whole=True)

    assert load_query("stateless-orchestration", "error_rate", tmp_path).sql == "SELECT 1 AS value"


def test_a_query_that_is_missing_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(QueryFileError, match="did you mean error_rate") as caught:
        load_query("stateless-orchestration", "eror_rate", tmp_path)

    assert caught.value.is_missing


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"SELECT '\xff'", "q.sql:1: not UTF-8; save the file as UTF-8"),
        (b"SELECT 1\n\0", "q.sql:2: a NUL character"),
        (b"-" * 300_000, "larger than 256 KB"),
    ],
)
def test_a_file_that_is_no_text_is_refused(write: Write, tmp_path: Path, raw: bytes, said: str) -> None:
    write(raw, "q.sql")

    with pytest.raises(QueryFileError) as caught:
        load_query("x", "./q.sql", tmp_path)

    assert said in str(caught.value)


def test_a_problem_in_a_query_is_a_problem_of_the_rollout_file(write: Write) -> None:
    write("SELECT 1;\nDROP TABLE t", "q.sql", is_whole=True)
    path = write("sources: {db: {postgres: 'postgresql://h'}}\nmetrics: {m: {query: ./q.sql, source: db}}\n")

    problems = problems_of(path)

    assert problems == ["q.sql:2: a second statement begins here; one file holds one statement"]


def metric(keys: str) -> str:
    return f"{HEAD}sources: {{db: {{postgres: 'postgresql://h'}}}}\nmetrics: {{m: {{redis: ping, {keys}}}}}\n"


def test_a_window_must_come_from_somewhere(write: Write) -> None:
    write("SELECT now() - :window AS value", "q.sql", is_whole=True)
    lacking = write(metric("source: db").replace("redis: ping", "query: ./q.sql"), is_whole=True)
    giving = write(lacking.read_text().replace("source: db}", "source: db, window: 1h}"), "b.yaml", is_whole=True)

    problems = problems_of(lacking)

    assert problems[0].startswith("rollout.yaml:5: metrics.m.query: the query uses :window and nothing says how long")
    assert loads(giving).queries["./q.sql"].takes_window


def test_a_query_to_investigate_with_needs_a_window_and_a_database_of_its_own(write: Write) -> None:
    write("SELECT now() - :window AS value", "q.sql", is_whole=True)
    path = write(metric("investigate: [./q.sql]").replace("redis: ping", "http: {url: 'http://h'}"), is_whole=True)
    two = write(
        path.read_text().replace("sources: {", "sources: {db2: {postgres: 'postgresql://i'}, ") + "",
        "two.yaml",
        is_whole=True,
    )

    assert ["its header does not say how long" in problem for problem in problems_of(path)] == [True]
    assert "there are 2 postgres sources to ask; name one" in "\n".join(problems_of(two))


def test_a_window_that_the_query_does_not_use_is_a_warning(write: Write) -> None:
    write("SELECT 1 AS value", "q.sql", is_whole=True)
    path = write(
        metric("source: db, window: 1h").replace("redis: ping", "query: ./q.sql")
        + "phases: [{name: a, traffic: 0%}]\n",
        is_whole=True,
    )

    assert ["the query does not use :window" in warning for warning in loads(path).warnings] == [True]


def test_the_queries_of_a_rollout_with_a_bad_name_are_not_looked_for(write: Write) -> None:
    write("DROP TABLE t", "q.sql", is_whole=True)
    text = metric("source: db").replace("redis: ping", "query: q").replace("rollout: shop", "rollout: ../..")
    path = write(text, is_whole=True)

    problems = problems_of(path)

    assert problems == ["rollout.yaml:1: rollout: found '../..'; use small letters, digits, - and _"]
