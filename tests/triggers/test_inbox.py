# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.triggers.base import BaseEventTrigger
from helpers.connections import set_store
from helpers.timing import any_round_holds_less
from helpers.vendors import Vendors

from airflow_provider_wa.api.errors import BadInput, QueueClosed, Unauthorized, UnsupportedByVendor, VendorUnavailable
from airflow_provider_wa.api.records import InboxMessage
from airflow_provider_wa.api.webhooks import EventKind, Post, PostsEvents, event
from airflow_provider_wa.connections.store import get_store
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.hooks.green_api import GreenApiHook
from airflow_provider_wa.hooks.wuzapi import WuzApiHook
from airflow_provider_wa.sandbox.events import MessageReceived
from airflow_provider_wa.sandbox.green_api.notifications import NotificationQueue
from airflow_provider_wa.sandbox.inbox import IncomingMessage
from airflow_provider_wa.sandbox.profile import Webhook
from airflow_provider_wa.sandbox.wa_portal import webhook
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.events import StoredEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.triggers.inbox import WaInboxTrigger
from airflow_provider_wa.waiting import inbox_reader, read_position

pytestmark = pytest.mark.sockets

ANA = "12025550111"
PULLED = ("wa_portal", "green_api")

Next = Callable[..., Any]


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of its own, and waits that are short."""
    set_store(monkeypatch, tmp_path / "wa_store.db")
    monkeypatch.setattr(inbox_reader, "GATHERING", 0.05)
    monkeypatch.setattr(read_position, "SAVE_DELAY", 0.0)
    return get_store()


@asynccontextmanager
async def running(conn_type: str = "wa_portal", states: Any = None, **arguments: Any) -> AsyncIterator[Next]:
    """A trigger as a triggerer runs it, after a trip through JSON; what is yielded waits for its next event.

    It ends as if the triggerer were killed: nothing is put in order.
    """
    made = WaInboxTrigger(**{"wa_conn_id": f"{conn_type}_default", "poll_interval": 0.2, **arguments})
    path, kwargs = made.serialize()
    assert path == "airflow_provider_wa.triggers.inbox.WaInboxTrigger"
    trigger = WaInboxTrigger(**json.loads(json.dumps(kwargs)))
    trigger.asset_state_store = states
    events: asyncio.Queue[Any] = asyncio.Queue()

    async def run() -> None:
        async for fired in trigger.run():
            events.put_nowait(json.loads(json.dumps(fired.payload)))

    task = asyncio.create_task(run())

    async def following(seconds: float = 10.0) -> Any:
        """The next event's payload, None if none comes; what ends the trigger is raised."""
        waiting = asyncio.create_task(events.get())
        await asyncio.wait([waiting, task], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        return task.result() if task.done() else None

    try:
        yield following
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def started(store: Store, conn_type: str = "wa_portal", name: str = "read") -> None:
    """Return when a trigger knows where it begins (and has asked the vendor, with the name "pull")."""
    await wait_until(lambda: store.positions.get(f"{name}:{conn_type}_default") is not None)


async def saved(store: Store, conn_type: str, event_id: int) -> None:
    """Return when the position after this event is saved."""
    await wait_until(lambda: store.positions.get(f"read:{conn_type}_default")["event_id"] == event_id)


async def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


def comes(vendors: Vendors, conn_type: str, *texts: str) -> None:
    for text in texts:
        vendors.control("inbox", vendor=conn_type, **{"from": ANA}, text=text)


def came_before(vendors: Vendors, conn_type: str, text: str, seconds: float = 3600.0) -> None:
    message = vendors.state.receive(conn_type, ANA, text)
    message.at -= seconds


def posted(store: Store, conn_type: str, *texts: str) -> None:
    """What the receiver does when a message is posted."""
    messages = [InboxMessage(vendor=conn_type, message_id=f"ID-{text}", sender=ANA, text=text) for text in texts]
    store.events.add(
        [NewEvent(conn_id=f"{conn_type}_default", vendor=conn_type, event=event(message)) for message in messages]
    )


def texts(store: Store, payload: dict[str, Any]) -> list[str]:
    events = store.events.get(payload["event_ids"])
    assert payload["count"] == len(events)
    return [event.content["text"] for event in events]


def stored(store: Store, kind: EventKind | None = None) -> list[StoredEvent]:
    return store.events.after(0, 10_000, kind=kind)


@pytest.mark.parametrize("conn_type", PULLED)
async def test_messages_at_the_vendor_become_one_event(vendors: Vendors, store: Store, conn_type: str) -> None:
    async with running(conn_type) as following:
        await started(store, conn_type)
        await asyncio.to_thread(comes, vendors, conn_type, "one", "two")
        payload = await following()
        told = texts(store, payload)
        while len(told) < 2:
            told += texts(store, await following())
        assert told == ["one", "two"]
        assert payload["conn_id"] == f"{conn_type}_default"
        assert await following(0.5) is None, "nothing is told twice"


async def test_messages_that_were_posted_to_the_receiver_become_one_event(vendors: Vendors, store: Store) -> None:
    async with running("wuzapi") as following:
        await started(store, "wuzapi")
        posted(store, "wuzapi", "one", "two")
        posted(store, "green_api", "of another connection")
        assert texts(store, await following()) == ["one", "two"]
    assert not any(vendors.ledger()["requests"].values()), "WuzAPI has nothing to pull"


async def test_the_vendor_is_left_alone_if_the_store_is_the_source(vendors: Vendors, store: Store) -> None:
    comes(vendors, "wa_portal", "at the vendor")
    async with running(source="store") as following:
        await started(store)
        posted(store, "wa_portal", "posted")
        assert texts(store, await following()) == ["posted"]
    assert not any(vendors.ledger()["requests"].values())


@pytest.mark.parametrize("conn_type", PULLED)
async def test_the_first_start_passes_over_what_is_history(vendors: Vendors, store: Store, conn_type: str) -> None:
    came_before(vendors, conn_type, "at the vendor")
    posted(store, conn_type, "in the store")
    async with running(conn_type) as following:
        await started(store, conn_type)
        await asyncio.to_thread(comes, vendors, conn_type, "now")
        assert texts(store, await following()) == ["now"]
        assert await following(0.3) is None


async def test_a_first_start_in_the_future_was_before_the_clock_was_set_back(vendors: Vendors, store: Store) -> None:
    """What comes now is not history, although the vendor dates it before that start."""
    store.positions.set("read:wuzapi_default", {"event_id": 0, "since": time.time() + 6 * 3600})
    async with running("wuzapi") as following:
        posted(store, "wuzapi", "now")
        assert texts(store, await following()) == ["now"]


async def test_an_inbox_is_not_asked_for_messages_from_the_future_after_the_clock_was_set_back(
    vendors: Vendors, store: Store
) -> None:
    store.positions.set("pull:wa_portal_default", {"since": int(time.time()) + 6 * 3600})
    async with running("wa_portal") as following:
        await wait_until(lambda: store.positions.get("pull:wa_portal_default")["since"] < time.time() + 60)
        await asyncio.to_thread(comes, vendors, "wa_portal", "now")
        assert texts(store, await following()) == ["now"]


@pytest.mark.parametrize("conn_type", [*PULLED, "wuzapi"])
async def test_a_restart_repeats_nothing_and_loses_nothing(vendors: Vendors, store: Store, conn_type: str) -> None:
    def comes_in(text: str) -> None:
        if conn_type == "wuzapi":
            posted(store, conn_type, text)
        else:
            comes(vendors, conn_type, text)

    async with running(conn_type) as following:
        await started(store, conn_type)
        await asyncio.to_thread(comes_in, "before")
        assert texts(store, await following()) == ["before"]
        await saved(store, conn_type, 1)
    await asyncio.to_thread(comes_in, "while it was away")
    async with running(conn_type) as following:
        assert texts(store, await following()) == ["while it was away"]
        assert await following(0.5) is None


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (None, ["text"]),
        (["message", "edit"], ["text", "edit"]),
        ("reaction,deletion", ["reaction", "deletion"]),
    ],
)
async def test_only_the_kinds_that_are_asked_for_start_a_run(
    vendors: Vendors, store: Store, kinds: Any, expected: list[str]
) -> None:
    """The vendor's own notifications, through its queue and the store."""
    types = ("textMessage", "reactionMessage", "editedMessage", "deletedMessage", "incomingCall")
    switches = ("editedMessageWebhook", "deletedMessageWebhook", "incomingCallWebhook")
    hook = GreenApiHook("green_api_default")
    await asyncio.to_thread(hook.set_settings, dict.fromkeys(switches, "yes"))
    async with running("green_api", kinds=kinds) as following:
        await started(store, "green_api")
        for kind in types:
            await asyncio.to_thread(vendors.control, "events", vendor="green_api", type=kind)
        await wait_until(lambda: len(stored(store)) == len(types))
        found: list[str] = []
        while len(found) < len(expected):
            found += [event.content["kind"] for event in store.events.get((await following())["event_ids"])]
        assert found == expected
        assert await following(0.5) is None


async def test_a_kill_before_airflow_can_have_written_the_event_repeats_it(
    vendors: Vendors, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_position, "SAVE_DELAY", 60.0)
    batches = []
    for _ in range(2):
        async with running("wuzapi") as following:
            await started(store, "wuzapi")
            if not batches:
                posted(store, "wuzapi", "one")
            batches.append(await following())
            await asyncio.sleep(0.3)
    assert batches[0] == batches[1]


async def test_a_failure_after_an_event_does_not_repeat_it(
    vendors: Vendors, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow starts a failed trigger again: that is no reason to tell an event twice."""
    monkeypatch.setattr(read_position, "SAVE_DELAY", 0.5)
    async with running(poll_interval=0.1) as following:
        await started(store, name="pull")
        await asyncio.to_thread(comes, vendors, "wa_portal", "one")
        assert texts(store, await following()) == ["one"]
        vendors.control("faults", vendor="wa_portal", kind="refuse", code="01")
        with pytest.raises(Unauthorized):
            await following()
    vendors.control("reset")
    async with running() as following:
        assert await following(1.0) is None


async def test_a_batch_is_bounded_and_the_rest_follows_at_once(
    vendors: Vendors, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_reader, "MESSAGES_AT_ONCE", 3)
    async with running("wuzapi", poll_interval=60) as following:
        await started(store, "wuzapi")
    posted(store, "wuzapi", *map(str, range(7)))
    async with running("wuzapi", poll_interval=60) as following:
        batches = [texts(store, await following()) for _ in range(3)]
    assert batches == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


async def test_a_portals_message_that_is_posted_and_pulled_is_one(vendors: Vendors, store: Store) -> None:
    vendor = WaHook.for_connection("wa_portal_default").vendor
    assert isinstance(vendor, PostsEvents)
    async with running() as following:
        await started(store)
        message: IncomingMessage = vendors.state.receive("wa_portal", ANA, "hello")
        post = webhook.make_request(MessageReceived(message, message.at), Webhook())
        assert post is not None
        told = vendor.events(Post(data=post.shown))
        store.events.add([NewEvent(conn_id="wa_portal_default", vendor="wa_portal", event=each) for each in told])
        assert texts(store, await following()) == ["hello"]
        await wait_until(lambda: store.positions.get("pull:wa_portal_default") == {"after": message.message_id})
        assert await following(0.5) is None
    assert len(stored(store)) == 1


async def test_a_portal_is_asked_for_what_is_new_and_no_more_often_than_told(vendors: Vendors, store: Store) -> None:
    asked: list[str] = []
    async with running(poll_interval=0.3) as following:
        await started(store, name="pull")
        await asyncio.to_thread(comes, vendors, "wa_portal", "one")
        await following()
        before = vendors.state.ledger.requests["wa_portal"]
        await asyncio.sleep(1.2)
        asked = [store.positions.get("pull:wa_portal_default")["after"]]
        assert vendors.state.ledger.requests["wa_portal"] - before <= 6
    assert asked == [vendors.state.incoming("wa_portal")[-1].message_id]


async def test_a_portals_instance_id_is_not_stored(vendors: Vendors, store: Store) -> None:
    async with running() as following:
        await started(store)
        await asyncio.to_thread(comes, vendors, "wa_portal", "one")
        payload = await following()
    (found,) = store.events.get(payload["event_ids"])
    assert found.raw["waMessageID"]
    assert "instanceid" not in json.dumps(found.raw).lower()


async def test_what_else_is_in_a_queue_is_stored_as_well(vendors: Vendors, store: Store) -> None:
    async with running("green_api") as following:
        await started(store, "green_api")
        sent = await asyncio.to_thread(WaHook.for_connection("green_api_default").send, "+1 202 555 0110", "hello")
        await asyncio.sleep(0.2)  # it is delivered
        await asyncio.to_thread(comes, vendors, "green_api", "answer")
        assert texts(store, await following()) == ["answer"]
        await wait_until(lambda: not vendors.state.own_state(NotificationQueue))
    deliveries = [(found.reference, found.status) for found in stored(store, EventKind.DELIVERY)]
    assert deliveries == [(sent.message_id, "sent"), (sent.message_id, "delivered")]


async def test_a_crash_between_storing_and_deleting_stores_once_and_deletes_later(
    vendors: Vendors, store: Store
) -> None:
    vendors.control("faults", vendor="green_api", path="deleteNotification", kind="server_error")
    async with running("green_api") as following:
        await started(store, "green_api")
        await asyncio.to_thread(comes, vendors, "green_api", "one")
        assert texts(store, await following()) == ["one"], "what is stored need not wait for the deletion"
        await saved(store, "green_api", 1)
    assert len(vendors.state.own_state(NotificationQueue)) == 1
    vendors.state.faults.clear()
    async with running("green_api") as following:
        await wait_until(lambda: not vendors.state.own_state(NotificationQueue))
        assert await following(0.3) is None
    assert len(stored(store)) == 1


async def test_a_store_that_fails_leaves_the_queue_as_it_is(
    vendors: Vendors, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running("green_api") as following:
        await started(store, "green_api")
        # The disk is full, say: the table takes no more.
        with store.database.writing() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON wa_events BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        await asyncio.to_thread(comes, vendors, "green_api", "one")
        assert await following(1.0) is None
        assert len(vendors.state.own_state(NotificationQueue)) == 1
        with store.database.writing() as connection:
            connection.exec_driver_sql("DROP TRIGGER full")
        assert texts(store, await following()) == ["one"]


async def test_wrong_credentials_raise_after_a_pause_and_show_no_token(
    vendors: Vendors, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    vendors.connect("wa_portal", password="very-wrong-token")
    before = time.monotonic()
    async with running(poll_interval=0.5) as following:
        with pytest.raises(Unauthorized) as caught:
            await following()
    assert time.monotonic() - before > 0.5, "Airflow starts it again at once"
    assert vendors.state.ledger.requests["wa_portal"] == 1
    assert "very-wrong-token" not in f"{caught.value!r} {caplog.text}"


async def test_while_a_webhook_closes_the_queue_the_store_is_read(vendors: Vendors, store: Store) -> None:
    vendors.control("webhook", vendor="green_api", url="http://127.0.0.1:1/")
    async with running("green_api") as following:
        await started(store, "green_api")
        posted(store, "green_api", "posted")
        assert texts(store, await following()) == ["posted"]
        await wait_until(lambda: vendors.state.ledger.requests["green_api"] > 1)
        vendors.control("webhook", vendor="green_api", url="")
        await asyncio.to_thread(comes, vendors, "green_api", "in the queue")
        assert texts(store, await following()) == ["in the queue"]


async def test_a_closed_queue_raises_if_it_is_the_only_source(vendors: Vendors, store: Store) -> None:
    vendors.control("webhook", vendor="green_api", url="http://127.0.0.1:1/")
    async with running("green_api", source="vendor") as following:
        with pytest.raises(QueueClosed, match="delete_webhook"):
            await following()


async def test_a_vendor_without_an_inbox_raises(vendors: Vendors, store: Store) -> None:
    async with running("accuauth", source="vendor") as following:
        with pytest.raises(UnsupportedByVendor, match="green_api, wa_portal, wuzapi"):
            await following()


async def test_a_server_that_keeps_no_messages_raises(vendors: Vendors, store: Store) -> None:
    async with running("wuzapi", source="vendor") as following:
        with pytest.raises(UnsupportedByVendor, match="keeps no messages of this user"):
            await following()


async def test_a_server_that_keeps_messages_is_pulled(vendors: Vendors, store: Store) -> None:
    WuzApiHook("wuzapi_default").keep_history(100)
    async with running("wuzapi", source="vendor", poll_interval=0.1) as following:
        await started(store, "wuzapi")
        vendors.state.receive("wuzapi", ANA, "one")
        assert (await following())["count"] == 1


async def test_no_such_connection_raises(vendors: Vendors, store: Store) -> None:
    async with running("nobody_made_it", poll_interval=0.1) as following:
        with pytest.raises(Exception, match="nobody_made_it_default"):
            await following()


async def test_an_unreachable_vendor_is_waited_out(vendors: Vendors, store: Store) -> None:
    vendors.control("faults", vendor="wa_portal", kind="cut", times=6)  # more than one question tries by itself
    async with running(poll_interval=0.1) as following:
        await started(store, name="pull")
        await asyncio.to_thread(comes, vendors, "wa_portal", "one")
        assert texts(store, await following(20)) == ["one"]


async def test_a_vendor_that_stays_away_raises_in_the_end(
    vendors: Vendors, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.connect("wa_portal", host="http://127.0.0.1:9")
    async with running(poll_interval=0.05, max_failures=1) as following:
        await started(store)
        posted(store, "wa_portal", "posted")
        assert texts(store, await following()) == ["posted"], "the store goes on in the meantime"
        with pytest.raises(VendorUnavailable):
            await following(30)


async def test_nothing_blocks_the_event_loop(vendors: Vendors, store: Store) -> None:
    async with running():  # the modules are loaded now, as in a triggerer that runs
        await started(store, name="pull")

    async def comes_and_is_read() -> None:
        async with running(poll_interval=0.05) as following:
            await asyncio.to_thread(comes, vendors, "wa_portal", *map(str, range(20)))
            await following()

    assert await any_round_holds_less(0.2, comes_and_is_read), "Airflow warns of a blocked loop from 0.2 s"


def test_the_same_arguments_make_the_same_trigger() -> None:
    one, two = WaInboxTrigger("x", 30), WaInboxTrigger(source="auto", poll_interval=30.0, wa_conn_id="x")
    assert one.serialize() == two.serialize()
    assert BaseEventTrigger.hash(*one.serialize()) == BaseEventTrigger.hash(*two.serialize())
    assert WaInboxTrigger("x", 31).serialize() != one.serialize()


def test_an_unknown_source_is_refused_where_the_dag_is_written() -> None:
    with pytest.raises(BadInput, match="source: unknown value 'webhook'; expected auto, vendor or store"):
        WaInboxTrigger("x", source="webhook")


class AirflowKeeps:
    """Airflow 3.3 behind the states that it gives a trigger: what is kept for each asset."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: dict[tuple[str, str], Any] = {}
        self.comms = pytest.importorskip("airflow.sdk.execution_time.comms")
        context = pytest.importorskip("airflow.sdk.execution_time.context")
        if not hasattr(context, "AssetStateStoreAccessors"):
            pytest.skip("Airflow before 3.3 keeps nothing for assets")
        self.accessors = context.AssetStateStoreAccessors
        from airflow.sdk.execution_time import task_runner

        monkeypatch.setattr(
            task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=self.asend, send=self.send), raising=False
        )

    def states(self, *assets: str) -> Any:
        from airflow.sdk import Asset

        return self.accessors(inlets=[Asset(name) for name in assets])

    async def asend(self, message: Any) -> Any:
        """Answer as from Airflow 3.3.2 on."""
        await asyncio.sleep(0)
        return self.answer(message)

    def send(self, message: Any) -> Any:
        """Answer as before, when it must not be called on the event loop."""
        assert threading.current_thread() is not threading.main_thread()
        return self.answer(message)

    def answer(self, message: Any) -> Any:
        if isinstance(message, self.comms.SetAssetStateStoreByName):
            self.kept[message.name, message.key] = json.loads(json.dumps(message.value))
            return None
        value = self.kept.get((message.name, message.key))
        return None if value is None else self.comms.AssetStateStoreResult(value=value)


@pytest.fixture
def airflow_keeps(monkeypatch: pytest.MonkeyPatch) -> AirflowKeeps:
    return AirflowKeeps(monkeypatch)


async def test_the_place_is_kept_with_the_asset(vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps) -> None:
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        await wait_until(lambda: bool(airflow_keeps.kept))
        posted(store, "wuzapi", "one")
        assert texts(store, await following()) == ["one"]
        await wait_until(lambda: airflow_keeps.kept["a", "read:wuzapi_default"]["event_id"] == 1)
    assert {name: value["event_id"] for name, value in airflow_keeps.kept.items()} == {("a", "read:wuzapi_default"): 1}
    posted(store, "wuzapi", "two")
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        assert texts(store, await following()) == ["two"]
    assert store.positions.get("read:wuzapi_default") is None


async def test_assets_that_share_a_trigger_share_the_place(
    vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps
) -> None:
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        await wait_until(lambda: bool(airflow_keeps.kept))
        posted(store, "wuzapi", "one")
        await following()
        await wait_until(lambda: airflow_keeps.kept["a", "read:wuzapi_default"]["event_id"] == 1)
    async with running("wuzapi", airflow_keeps.states("a", "b")) as following:
        await wait_until(lambda: len(airflow_keeps.kept) == 2)
        assert await following(0.3) is None
        posted(store, "wuzapi", "two")
        assert texts(store, await following()) == ["two"]


async def test_a_new_asset_begins_with_what_comes_from_now_on(
    vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps
) -> None:
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        await wait_until(lambda: bool(airflow_keeps.kept))
    posted(store, "wuzapi", "one")
    async with running("wuzapi", airflow_keeps.states("b")) as following:
        assert await following(0.3) is None
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        assert texts(store, await following()) == ["one"]


async def test_airflow_3_3_goes_on_from_where_an_older_one_was(
    vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps
) -> None:
    async with running("wuzapi"):
        await started(store, "wuzapi")
    posted(store, "wuzapi", "during the upgrade")
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        assert texts(store, await following()) == ["during the upgrade"]
    async with running("wuzapi", airflow_keeps.states("much later")) as following:
        assert await following(0.3) is None, "it is handed over once"


async def test_another_store_is_read_from_its_newest_event(
    vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps
) -> None:
    airflow_keeps.kept["a", "read:wuzapi_default"] = {"event_id": 5000, "since": 0}
    posted(store, "wuzapi", "old")
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        assert await following(0.3) is None
        posted(store, "wuzapi", "new")
        assert texts(store, await following()) == ["new"]


async def test_a_place_that_cannot_be_kept_tells_nothing(
    vendors: Vendors, store: Store, airflow_keeps: AirflowKeeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or each new start would tell the same batch again, for ever."""
    airflow_keeps.kept["a", "read:wuzapi_default"] = {"event_id": 0, "since": 0}
    posted(store, "wuzapi", "one")

    def refuses(message: Any) -> Any:
        if isinstance(message, airflow_keeps.comms.SetAssetStateStoreByName):
            raise RuntimeError("the state cannot be written")
        return airflow_keeps.comms.AssetStateStoreResult(value={"event_id": 0, "since": 0})

    from airflow.sdk.execution_time import task_runner

    async def arefuses(message: Any) -> Any:
        return refuses(message)

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=arefuses, send=refuses))
    async with running("wuzapi", airflow_keeps.states("a")) as following:
        with pytest.raises(RuntimeError, match="cannot be written"):
            await following()
