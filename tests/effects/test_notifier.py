"""Messages handed to real receivers on loopback."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from apprise.plugins import discord, pagerduty
from apprise.plugins.email import base as mail

from console.core.alert_values import example
from console.core.alerts import AlertKind, Delivery, Facts, Finding, Item, Severity, Why
from console.core.redact import Redactor
from console.core.rollout import Rollout
from console.effects import notifier as notifying
from console.effects import sending
from console.effects.alertmanager import labels_of, url_of
from console.effects.notifier import Notifier, without_address
from console.effects.sending import with_key
from console.spec import filling
from tests.receivers import Mailbox, Posted, Webhook, alertmanager, free_port, mailbox, webhook
from tests.waiting import wait_until

AT = 1_795_219_200.0


def rollout(*addresses: str, **alerts: object) -> Rollout:
    """A rollout with one critical route."""
    return Rollout.model_validate(
        {
            "rollout": "shop",
            "title": "The shop",
            "service": "shop",
            "alerts": {"routes": [{"severity": "critical", "to": list(addresses)}], **alerts},
        }
    )


def found(reason: str = "> 5%", **facts: object) -> Finding:
    numbers = Facts(value=5.42, value_text="5.42 %", unit="%", threshold="> 5%", actions=(("R", "Roll back"),))
    return Finding(
        "metric:errors:critical",
        AlertKind.METRIC,
        Severity.CRITICAL,
        "errors",
        f"errors CRITICAL: {reason}",
        reason,
        AT,
        replace(numbers, **facts),  # type: ignore[arg-type]
    )


def delivery(*items: Item, number: int = 0, why: Why = Why.FIRING, made_at: float = AT, **more: bool) -> Delivery:
    given = items or (Item("a1", found(), AT - 250),)
    return Delivery(
        f"7.0.to.{number}", "7", f"0.to.{number}", "label", "0", why, given, made_at, next_at=made_at, **more
    )


def notifier(shop: Rollout, *secrets: str, is_dry_run: bool = False) -> Notifier:
    return Notifier(shop, "s-1", Redactor(secrets), is_dry_run=is_dry_run)


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as made:
        yield made


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


async def test_a_webhook_gets_the_alert_once_known_by_its_key(hook: Webhook) -> None:
    sending = notifier(rollout(hook.address()))

    first = await sending.send(delivery(), AT)
    again = await sending.send(delivery(is_repetition=True), AT + 60)

    assert (first.error, again.error) == ("", "")
    assert len(hook.posted) == 2
    assert hook.titles() == ["CRITICAL shop: errors CRITICAL: > 5%"]
    assert "to get out: R Roll back" in hook.posted[0].body["message"]
    assert "errors is 5.42 %, threshold > 5%" in hook.posted[0].body["message"]
    assert "may have reached you before" in hook.posted[1].body["message"]


async def test_a_mail_has_the_same_message_id_when_it_is_sent_again(box: Mailbox) -> None:
    sending = notifier(rollout(box.address))

    for at in (AT, AT + 60):
        assert (await sending.send(delivery(), at)).error == ""

    assert [mail["Subject"] for mail in box.mails] == ["CRITICAL shop: errors CRITICAL: > 5%"] * 2
    assert len({mail["Message-ID"] for mail in box.mails}) == 1
    assert len({mail["X-Rollout-Console-Delivery"] for mail in box.mails}) == 1


async def test_an_alertmanager_holds_the_alert_until_it_is_resolved(tmp_path: Path, hook: Webhook) -> None:
    at = time.time()
    with alertmanager(tmp_path, f"http://127.0.0.1:{hook.port}/am") as manager:
        sending = notifier(rollout(manager.address))
        firing = Item("a1", found(), at - 250)

        sent = await sending.send(delivery(firing), at)

        assert sent.error == ""
        alert = manager.alerts()["errors critical"]
        assert alert["labels"]["rollout"] == "shop"
        assert alert["annotations"]["summary"] == "CRITICAL shop: errors CRITICAL: > 5%"
        await asyncio.to_thread(wait_until, lambda: hook.statuses() == ["firing"], "it is told")

        over = delivery(replace(firing, resolved_at=at), why=Why.RESOLVED)
        assert (await sending.send(over, at + 1)).error == ""
        await asyncio.to_thread(wait_until, lambda: hook.statuses() == ["firing", "resolved"], "it is over")


def test_parts_of_one_source_that_cannot_be_read_are_not_one_alert_in_an_alertmanager() -> None:
    blind = replace(found(), kind=AlertKind.SOURCE, severity=Severity.BLIND, about="db")
    keys = ("source:db", "unread:db:c1", "unread:db:c2")
    items = [Item(key, replace(blind, key=key), AT) for key in keys]

    labels = [labels_of(item, rollout(), "s-1") for item in items]

    assert len({tuple(one.items()) for one in labels}) == 3
    again = [
        labels_of(replace(item, found=replace(item.found, reason="other"), resolved_at=AT), rollout(), "s-1")
        for item in items
    ]
    assert again == labels, "the end is of the same alert"


def test_the_address_of_an_alertmanager_may_have_a_prefix() -> None:
    assert url_of("alertmanager://am:9093") == "http://am:9093/api/v2/alerts"
    assert url_of("alertmanagers://u:p@am/ops/") == "https://u:p@am/ops/api/v2/alerts"


async def test_a_receiver_that_refuses_is_an_error_without_its_address(hook: Webhook) -> None:
    hook.status = 503
    address = f"json://ops:s3cr3tpass@127.0.0.1:{hook.port}/T0k3nT0k3n?key=K3yK3yK3y"

    sent = await notifier(rollout(address), address).send(delivery(), AT)

    assert "503" in sent.error
    assert not any(secret in sent.error for secret in ("s3cr3tpass", "T0k3nT0k3n", "K3yK3yK3y"))


@pytest.mark.parametrize("scheme", ["json", "alertmanager"])
async def test_a_receiver_that_nobody_listens_on_is_an_error(scheme: str) -> None:
    sent = await notifier(rollout(f"{scheme}://127.0.0.1:{free_port()}/x")).send(delivery(), AT)

    assert sent.error


@pytest.mark.parametrize("scheme", ["json", "alertmanager"])
async def test_a_receiver_that_hangs_is_given_up_and_holds_nobody(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "SEND_S", 1.5)
    monkeypatch.setattr("console.effects.alertmanager.TIMEOUT_S", 1.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        sent = await notifier(rollout(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/x")).send(delivery(), AT)
        ticking.cancel()

    assert "no answer in" in sent.error
    assert ticks >= 5, "the loop went on: one that is held has one"


def test_a_service_that_keeps_incidents_gets_one_for_each_alert_and_closes_it_when_that_is_over(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", f"http://127.0.0.1:{hook.port}/enqueue")
    monkeypatch.setattr(mail, "make_msgid", mail.make_msgid)  # sending changes it for its own process
    address = "pagerduty://integration@apikey"
    errors, leaks = (
        Item(f"metric:{name}@1", replace(found(), key=f"metric:{name}:critical", about=name), AT)
        for name in ("errors", "leaks")
    )
    both, one = delivery(errors, leaks), delivery(replace(errors, resolved_at=AT + 60), why=Why.RESOLVED)
    sender = notifier(rollout(address))

    for given in (both, both, one):
        for message in sender.messages(given, sender.compose(given, AT), address):
            assert sending.send(address, message) == ""

    told = [(posted.body["event_action"], posted.body["dedup_key"]) for posted in hook.posted]
    assert [action for action, _ in told] == ["trigger"] * 4 + ["resolve"]
    assert told[:2] == told[2:4], "a repetition is known by its key"
    assert len({key for _, key in told}) == 2
    assert told[4][1] == told[0][1], "the incident that is closed is the one of the alert"


def test_the_incident_of_a_session_that_was_replaced_is_known_by_that_session() -> None:
    address, given = "pagerduty://integration@apikey", delivery()
    of_old = Notifier(rollout(address), "the old one", Redactor(()))
    of_new = notifier(rollout(address))

    (opened,) = of_old.messages(given, of_old.compose(given, AT), address)
    (closed,) = of_new.messages(ended := replace(given, session="the old one"), of_new.compose(ended, AT), address)

    assert closed["key"] == opened["key"]
    assert "session the old one" in closed["text"]


LOUD = {"title": "t @here", "text": "by @everyone, <@&42>", "kind": "failure", "key": "k"}


def test_what_is_said_of_a_log_line_pings_nobody(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "make_msgid", mail.make_msgid)  # sending changes it for its own process
    monkeypatch.setattr(discord.NotifyDiscord, "notify_url", f"http://127.0.0.1:{hook.port}/api/webhooks")
    native = f"https://discord.com/api/webhooks/{'1' * 18}/{'t' * 68}"
    addresses = [f"discord://{'1' * 18}/{'t' * 68}", native, f"mmost://127.0.0.1:{hook.port}/{'t' * 24}"]

    assert [sending.send(address, LOUD) for address in addresses] == [""] * 3

    said = [str(posted.body) for posted in hook.posted]
    assert all("everyone" in one and "42" in one for one in said)
    assert not any(ping in one for one in said for ping in ("@here", "@everyone", "<@&42>"))


def test_an_at_sign_stays_as_it_is_where_it_pings_nobody(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "make_msgid", mail.make_msgid)  # as above

    assert sending.send(hook.address(), LOUD) == ""

    assert hook.posted[0].body["message"] == LOUD["text"]


def test_what_is_no_longer_watched_is_told_in_its_own_words_and_closes_the_incident_of_a_service() -> None:
    gone = Item("a1", found(), AT - 250, AT, ("0.to.0",), "the file has no metric errors any more")
    given, sender = delivery(gone, why=Why.UNWATCHED), notifier(rollout("json://one/a"))

    composed = sender.compose(given, AT)
    (message,) = sender.messages(given, composed, "json://one/a")
    (closing,) = sender.messages(given, composed, "pagerduty://integration@apikey")

    assert composed.title == "NO LONGER WATCHED: shop: errors CRITICAL: > 5%"
    assert "Nobody knows whether it is over: the file has no metric errors any more." in composed.text
    assert (message["kind"], closing["kind"]) == ("warning", "success")
    assert "RESOLVED" not in message["title"] + message["text"] + closing["title"] + closing["text"]


def test_an_address_that_names_its_incident_itself_keeps_it() -> None:
    assert with_key("pagerduty://a@b?dedup=mine", "k") == "pagerduty://a@b?dedup=mine"
    assert with_key("opsgenie://a?region=eu", "k") == "opsgenie://a?region=eu&action=map&alias=k"
    assert with_key("slack://a/b/c/#ops", "k") == "slack://a/b/c/#ops"


async def test_a_dry_run_composes_and_sends_nothing(hook: Webhook) -> None:
    sent = await notifier(rollout(hook.address()), is_dry_run=True).send(delivery(), AT)

    assert sent == notifying.Sent("CRITICAL shop: errors CRITICAL: > 5%", "")
    assert not hook.posted


def test_several_alerts_are_one_message_under_the_worst_of_them() -> None:
    warning = replace(found(), key="metric:lag:warning", severity=Severity.WARNING, about="lag", text="lag WARNING")
    over = Item("a0", replace(found(), about="old", text="old CRITICAL"), AT - 900, AT - 5)

    said = notifier(rollout()).compose(delivery(over, Item("a2", warning, AT), Item("a1", found(), AT)), AT)

    assert said.title == "3 alerts: CRITICAL shop: errors CRITICAL: > 5%"
    assert "RESOLVED: CRITICAL shop: old CRITICAL" in said.text
    assert "WARNING shop: lag WARNING" in said.text


@pytest.mark.parametrize(
    ("why", "prefix"), [(Why.REPEATED, "STILL "), (Why.ESCALATED, "ESCALATED"), (Why.FALLEN, "SENT TO YOU")]
)
def test_a_message_says_why_it_comes(why: Why, prefix: str) -> None:
    assert notifier(rollout()).compose(delivery(why=why), AT).title.startswith(prefix)


def test_a_template_that_fails_gives_way_to_the_default_and_says_so() -> None:
    shop = rollout(templates={"odd": {"title": "{{ value * 2 }}", "message": "{{ value + 1 }}"}})
    blank = Item("a1", found(value=None), AT)

    said = notifier(shop).compose(delivery(blank), AT)

    assert said.title == "CRITICAL shop: errors CRITICAL: > 5%"
    assert "The template odd of the rollout file failed" in said.text


async def test_a_template_that_does_not_end_gives_way_to_the_default_and_holds_nobody(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "CPU_S", 1)
    endless = "{% for a in row.users %}" * 12 + "{% endfor %}" * 12
    good, bad = {"about": ["lag"], "title": "lag", "message": "m"}, {"title": "t", "message": endless}
    shop = rollout(hook.address(), templates={"good": good, "endless": bad})
    lag = Item("a0", replace(found(), about="lag"), AT)
    errors = Item("a1", found(row=(("users", "x" * 99),)), AT)

    sent = await notifier(shop).send(delivery(lag, errors, lag), AT)

    assert sent == notifying.Sent("3 alerts: lag", "")
    assert "The template endless of the rollout file failed: it takes more than 1 s" in hook.posted[0].body["message"]


def test_a_template_is_filled_with_what_only_the_running_system_has() -> None:
    template = {"with": {"users": "row.users"}, "title": "{{ users }} {{ value }}", "message": "{{ row.items }}"}
    known = found(row=(("users", "7"), ("items", "3")))

    said = notifier(rollout(templates={"t": template})).compose(delivery(Item("a1", known, AT)), AT)

    assert (said.title, said.text.split("\n")[0]) == ("7 5.42", "3")


def test_no_secret_and_no_control_character_is_in_a_message() -> None:
    hostile = found(reason="login with hunter2-canary \x1b[2J postgres://u:pa55-canary@db/x failed")

    said = notifier(rollout(), "hunter2-canary").compose(delivery(Item("a1", hostile, AT)), AT)

    assert not any(secret in said.title + said.text for secret in ("hunter2-canary", "pa55-canary", "\x1b"))


def test_a_long_message_is_cut() -> None:
    many = [Item(f"a{number}", found(reason="x" * 50_000), AT) for number in range(300)]

    said = notifier(rollout()).compose(delivery(*many), AT)

    assert len(said.text) < 120_000
    assert "and 280 more" in said.text


def test_what_a_service_says_is_shown_without_any_part_of_its_address() -> None:
    address = "slack://TokenA123/TokenB456/TokenC789/#ops"

    said = without_address("POST https://hooks.slack.com/services/TokenA123/TokenB456/TokenC789: 404", address)

    assert said == "POST https://hooks.slack.com/services/[redacted]/[redacted]/[redacted]: 404"


def test_the_example_of_a_test_message_is_composed() -> None:
    said = notifier(rollout()).compose(delivery(example(rollout())), AT)

    assert "error_rate is 5.42 %, baseline 0.61 %" in said.text


async def test_a_value_that_cannot_be_said_is_an_error_of_the_message_and_ends_nothing(hook: Webhook) -> None:
    odd = delivery(Item("a1", found(value="no number"), float("inf")))

    sent = await notifier(rollout(hook.address())).send(odd, AT)

    assert sent.error.startswith("it could not be sent: OverflowError: timestamp out of range")


async def test_a_fault_of_the_program_is_no_error_of_a_receiver(monkeypatch: pytest.MonkeyPatch) -> None:
    sending = notifier(rollout("json://one/a"))
    monkeypatch.setattr(sending, "compose", lambda *_: None)

    with pytest.raises(AttributeError):
        await sending.send(delivery(), AT)


async def test_of_many_incidents_each_has_its_own_time_and_what_was_taken_is_said(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "INCIDENTS", ("json",))
    monkeypatch.setattr(notifying, "SEND_S", 4.0)
    release = threading.Event()

    def answer(posted: Posted) -> None:
        if "leaks" in posted.title:
            release.wait(30)

    hook.before_answer = answer
    items = [
        Item(f"{name}@1", replace(found(), key=f"metric:{name}:critical", about=name, text=f"{name} CRITICAL"), AT)
        for name in ("errors", "lag", "leaks", "share")
    ]

    sent = await notifier(rollout(hook.address())).send(delivery(*items), AT)
    release.set()

    assert sent.error == "no answer in 4 s"
    assert sent.took == ("errors@1", "lag@1")


async def test_of_a_message_that_one_service_takes_as_a_whole_no_part_is_taken(hook: Webhook) -> None:
    hook.status = 500

    sent = await notifier(rollout(hook.address())).send(delivery(), AT)

    assert sent.error
    assert sent.took == ()
