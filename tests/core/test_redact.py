import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.redact import REDACTED, LineRedactor, Redactor, is_secret_name

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nq9z\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect postgres://app:hunter2@db:5432/x failed", "hunter2"),
        ("redis://:s3cr3t@cache:6379/0", "s3cr3t"),
        ("postgres://app:p@ss@db/x", "p@ss"),
        ("password=hunter2 user=app", "hunter2"),
        ("PGPASSWORD=hunter2", "hunter2"),
        ('{"password": "hunter2", "a": 1}', "hunter2"),
        ("{'db_password': 'hunter2'}", "hunter2"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("API-KEY: abcdef123", "abcdef123"),
        ("token => t0ps3cret", "t0ps3cret"),
        ("Authorization: Bearer abcDEF123456.xyz", "abcDEF123456"),
        ("token: Bearer abcDEF123456.xyz", "abcDEF123456"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("mysql --password hunter2 -u app", "hunter2"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl now", "eyJhbGci"),
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_abcdefghijklmnopqrstuvwxyz012345", "ghp_abcdef"),
        ("sk_live_abcdefgh12345678", "sk_live_abcdefgh"),
        ("sk-proj-abcdefghijklmnopqrstuv", "abcdefghij"),
        ("https://hooks.slack.com/services/T000/B000/XXXX", "B000"),
        ("postgresq//app:hunter2@db is no address", "hunter2"),
        ("rediss:/app:hunter2@cache", "hunter2"),
        (r"http:\/\/app:hunter2@shop\/x", "hunter2"),
        ("postgres://app:hun/ter2@db/x", "ter2"),
        ("CONFIG SET requirepass hunter2", "hunter2"),
        ('["CONFIG", "SET", "masterauth", "hunter2"]', "hunter2"),
        ("ALTER ROLE app PASSWORD 'hunter''2'", "hunter"),
        ("CREATE USER app IDENTIFIED BY 'hunter2'", "hunter2"),
        ("Set-Cookie: session=k3j9d8; Path=/", "k3j9d8"),
        ("Cookie: theme=dark; sid=k3j9d8", "k3j9d8"),
        ("GET https://bucket/x?part=1&X-Amz-Signature=9f86d081", "9f86d081"),
        ("GET /callback?key=k3j9d8&x=1", "k3j9d8"),
        (PEM, "MIIEowIBAAKCAQEA7"),
        (PEM.rsplit("\n", 1)[0], "q9z"),
    ],
)
def test_what_looks_like_a_secret_is_redacted(text: str, secret: str) -> None:
    redacted = Redactor().redact(text)

    assert secret not in redacted
    assert REDACTED in redacted


@pytest.mark.parametrize(
    "text",
    [
        "completed in 1200ms tokens=512 max_tokens: 4096",
        "GET http://127.0.0.1:8080/health is 200",
        "PWD=/srv/app",
        "token_count=17, key=R",
        "basic functionality works; the bearer of news",
        "password: null, secret=true",
        "FSM transition: SLOT_SELECTION -> CUSTOMER_DATA",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "mail ops@example.org",
        "GET http://shop:8080/users/@me from 10.0.0.1:9 by ops@example.org",
        "image registry/app:1.2.3@sha256:9f86d081",
        "the password 'x is wrong, cookie: accepted, ?monkey=1&design=2",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor(["hunter2"]).redact(text) == text


@pytest.mark.parametrize("secret", ["p@ss/w:rd%", "naïve secret", 'quo"te\\', "hunter2"])
def test_a_known_value_is_redacted_in_every_spelling(secret: str) -> None:
    redactor = Redactor([secret])
    text = f"raw <{secret}> url <{quote(secret, safe='')}> json <{json.dumps(secret)[1:-1]}>"

    assert redactor.redact(text) == f"raw <{REDACTED}> url <{REDACTED}> json <{REDACTED}>"


@pytest.mark.parametrize("before", ["", "u:", "user:", "canary:"])
def test_a_known_value_is_redacted_in_base64_whatever_stands_before_it(before: str) -> None:
    secret = "hunter2-hunter2"
    packed = base64.b64encode(f"{before}{secret}".encode()).decode()

    redacted = Redactor([secret]).redact(f"Authorization says {packed}")

    assert REDACTED in redacted
    assert len(redacted.removeprefix("Authorization says ").replace(REDACTED, "")) <= len(before) * 4 / 3 + 8


def test_quotes_doubled_for_sql_or_yaml_hide_no_known_value() -> None:
    assert Redactor(["it's secret"]).redact("VALUES ('it''s secret')") == f"VALUES ('{REDACTED}')"


def test_the_beginning_of_a_known_value_that_was_cut_goes_too() -> None:
    redactor = Redactor(["hunter2-and-more"])

    assert redactor.redact("printed 'hunter2-an…'; found hunter… and so on…") == (
        f"printed '{REDACTED}…'; found {REDACTED}… and so on…"
    )


def test_what_stands_under_the_name_of_a_secret_goes_as_a_whole() -> None:
    redactor = Redactor(["hunter2"])

    assert redactor.named("api_token", "a b, c") == REDACTED
    assert redactor.named("tenant", "acme hunter2") == f"acme {REDACTED}"
    assert redactor.named("token", "") == ""


def test_the_longest_known_value_wins() -> None:
    assert Redactor(["hunter2", "hunter2-and-more"]).redact("x hunter2-and-more y") == f"x {REDACTED} y"


def test_very_short_known_values_do_not_shred_the_text() -> None:
    assert Redactor(["", "a", "10"]).redact("a canary at 10%") == "a canary at 10%"


def test_a_json_value_keeps_its_shape() -> None:
    value = {"dsn": "postgres://u:hunter2@h/d", "n": [1, None, True, "x"], "deep": {"t": ("password=abc",)}}

    cleaned = Redactor().clean(value)

    assert cleaned == {
        "dsn": f"postgres://u:{REDACTED}@h/d",
        "n": [1, None, True, "x"],
        "deep": {"t": [f"password={REDACTED}"]},
    }


def test_under_the_name_of_a_secret_everything_goes_when_asked() -> None:
    value = {"DB_PASSWORD": "x", "API_KEY": "", "SHARE": "25"}

    assert Redactor().clean(value, by_name=True) == {"DB_PASSWORD": REDACTED, "API_KEY": "", "SHARE": "25"}
    assert Redactor().clean(value) == value


def test_json_text_stays_json() -> None:
    redactor = Redactor(['se"cret'])
    text = json.dumps({"why": 'password="a b" and se"cret', "n": 1.5})

    cleaned = json.loads(redactor.clean_json(text))

    assert cleaned["n"] == 1.5
    assert "cret" not in cleaned["why"]
    assert redactor.clean_json('{"n": 1}') == '{"n": 1}'


def test_the_body_of_a_private_key_goes_line_by_line() -> None:
    lines = LineRedactor(Redactor())

    redacted = [lines.redact(line) for line in ["before", *PEM.split("\n"), "after"]]

    assert redacted == ["before", REDACTED, None, None, None, "after"]


@pytest.mark.parametrize("name", ["DB_PASSWORD", "PGPASSWORD", "API_KEY", "STRIPE_SECRET", "GITHUB_TOKEN", "secrets"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["CANARY_PERCENTAGE", "PWD", "KEYBOARD", "MAX_TOKENS_PER_CALL", "TOKENIZER", "BYPASS"])
def test_names_of_other_things_are_not_secrets(name: str) -> None:
    assert not is_secret_name(name)


@given(
    st.lists(
        st.sampled_from(
            [
                "password=",
                "token: ",
                "x",
                " ",
                '"',
                "'",
                "://u:",
                "p@",
                "Bearer ",
                "abcdefgh1234",
                "--secret ",
                "\n",
                "…",
                "Cookie: a=",
                "requirepass ",
                "PASSWORD '",
                "?key=",
                "//a:b/",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    redactor = Redactor(["abcdefgh"])

    once = redactor.redact(text)

    assert redactor.redact(once) == once


@given(st.text(min_size=4, max_size=12), st.text(max_size=20), st.text(max_size=20))
def test_a_known_value_never_comes_through(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).redact(f"{before}\n{secret}\n{after}")

    if secret not in f"{before}\n\n{after}" and secret not in REDACTED:
        assert secret not in redacted


def test_a_hostile_line_costs_little() -> None:
    redactor = Redactor(["hunter2"])
    hostile = ["password" + " " * 50_000, "://" * 20_000, "://a:" + "b" * 60_000, "token=" * 10_000, "-a" * 30_000]
    hostile += ["//a:" * 15_000, "cookie: a=" * 6_000, "password '" * 6_001, "…hunter" * 8_000, "?key=" * 12_000]

    for line in hostile:
        redactor.redact(line)
