"""What follows from each answer of a provider: for the push, the device, the credential and the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.commands.credentials import CredentialDraft
from chatcore.commands.devices import DeviceDraft
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.ids import CredentialSid
from chatcore.domain.model import Actor, Channel
from chatcore.ports.devices import SecretParts
from chatcore.store.pushes import Pushes
from push.providers.outcomes import CredentialBad, Outcome, Scope, Sent, TokenGone, TryLater
from push.providers.port import Provider
from push.providers.sending import Sending
from push.reachability import Reachability
from tests.integration.commands.push_keys import credentials
from tests.integration.push.phones import ON, Phones
from tests.integration.push.rig import eventually
from tests.support.apns_peer import said
from tests.support.fcm_peer import failed
from tests.support.http2_peer import Heard, Reaction, Reply
from tests.support.patience import PATIENCE

from . import test_apns, test_fcm
from .rig import AppleRig, GoogleRig

Answers = list[tuple[Reply, Outcome]]
WORDS = {Sent: "sent", TokenGone: "token_gone", TryLater: "try_later", CredentialBad: "credential_bad"}

APPLE: Answers = [
    (Reply(), Sent()),
    *test_apns.ANSWERS,
    (said(403, "ExpiredProviderToken"), CredentialBad("ExpiredProviderToken: is the clock right?")),
    (said(503, "Shutdown"), TryLater(reason="refused")),
    (said(400, "IdleTimeout"), TryLater(reason="refused")),
]
GOOGLE: Answers = [
    (Reply(), Sent()),
    *test_fcm.ANSWERS,
    (
        failed(401, "UNAUTHENTICATED"),
        TryLater(reason="401", after=60, scope=Scope.CREDENTIAL, counts=False),
    ),
]
HOOKS: Mapping[str, Any] = {"post_webhook_url": "https://example.org", "webhook_filters": ("onUserUpdated",)}
"""Seconds: each credential makes connections and fetches a token."""
ON_THE_WAY = ("Shutdown", "IdleTimeout")
"""Nobody took the push; what the last of four connections said is no answer to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Of a user of its own."""

    binding: Binding
    answer: Reply
    outcome: Outcome

    @property
    def waits(self) -> float | None:
        """Seconds, at least."""
        match self.outcome:
            case TryLater(after=after, maybe_sent=maybe_sent):
                return max(after or 1.0, 5.0 if maybe_sent else 1.0)
            case CredentialBad():
                return 30.0
        return None


class Scene:
    def __init__(self, phones: Phones, provider: Provider, secrets: SecretParts, kind: PushType) -> None:
        self.phones, self.secrets, self.kind = phones, secrets, kind
        self.paused: dict[CredentialSid, bool] = {}
        self.reachability = Reachability(Pushes(phones.world.pool, "any"), phones.world.chat.devices.tell_notifiable)
        self.sending = Sending([provider], restore=self.reachability.restore, paused=self.paused.__setitem__)

    async def credential(self) -> CredentialSid:
        draft = CredentialDraft(type=self.kind, secrets=self.secrets)
        return (await credentials(self.phones.world).create(self.phones.world.rest.account_sid, draft)).sid

    async def device(self, actor: Actor, number: int, credential: CredentialSid) -> Binding:
        address = f"{number:064x}" if self.kind is PushType.APN else f"fcm-token-{number:020d}"
        draft = DeviceDraft(type=self.kind, address=address, credential_sid=credential)
        return await self.phones.world.chat.devices.register(actor, draft)

    async def people(self, count: int) -> tuple[Actor, Channel, list[Actor]]:
        world = self.phones.world
        names = [f"user{number}" for number in range(count)]
        people = [await world.user(name) for name in names]
        return await world.user("alice"), await world.channel("alice", *names), people

    async def drain(self) -> None:
        async with self.phones.working(sender=self.sending, reachability=self.reachability):
            await eventually(self.phones.nothing_due, PATIENCE)

    async def row(self, table: str, binding: Binding) -> Mapping[str, Any] | None:  # Any: JSON
        where = "binding_sid = $1" if table == "push_log" else "job ->> 'binding_sid' = $1"
        found = await self.phones.world.pool.fetch(f"SELECT * FROM {table} WHERE {where} ORDER BY id", binding.sid)
        return dict(found[-1]) if found else None

    async def alive(self, binding: Binding) -> bool:
        return await self.phones.world.store.read.bindings.get(binding.service_sid, binding.sid) is not None


def apple_parts(rig: AppleRig) -> SecretParts:
    key = rig.credential.secrets
    return SecretParts(private_key=key.private_key, key_id=key.key_id, team_id=key.team_id, topic=key.topic)


def concerns_others(answer: Reply, outcome: Outcome) -> bool:
    """It says something of the credential or of the connection, not only of the device."""
    if any(word.encode() in answer.body for word in ON_THE_WAY):
        return True
    return isinstance(outcome, CredentialBad) or (isinstance(outcome, TryLater) and outcome.scope is Scope.CREDENTIAL)


async def every_answer(scene: Scene, answers: Answers, reactions: dict[str, Reaction]) -> list[Device]:
    """One message to a channel in which each member's provider says something else."""
    alice, channel, people = await scene.people(len(answers))
    devices, shared = [], await scene.credential()
    for number, ((answer, outcome), actor) in enumerate(zip(answers, people, strict=True)):
        alone = concerns_others(answer, outcome)
        binding = await scene.device(actor, number, await scene.credential() if alone else shared)
        reactions[binding.address] = answer
        devices.append(Device(binding=binding, answer=answer, outcome=outcome))
    await scene.phones.enable(new_message=ON, log_enabled=True)
    await scene.phones.world.send(channel, by=alice)
    await scene.drain()
    return devices


async def judge(scene: Scene, device: Device) -> None:
    outcome, binding = device.outcome, device.binding
    assert await scene.alive(binding) is not isinstance(outcome, TokenGone)
    assert scene.paused.get(binding.credential_sid, False) is isinstance(outcome, CredentialBad)
    row = await scene.row("outbox", binding)
    assert (row is not None) is (device.waits is not None), row
    if row is not None and device.waits is not None:
        left = (row["due_at"] - datetime.now(UTC)).total_seconds()
        assert left > device.waits - 5  # of which some have passed
        assert left < 3700
        counts = isinstance(outcome, TryLater) and outcome.counts
        assert row["job"]["attempts"] == int(counts)
    line = await scene.row("push_log", binding)
    assert line is not None
    assert (line["outcome"], line["attempt"]) == (WORDS.get(type(outcome), "rejected"), 1)
    reason = getattr(outcome, "reason", None)
    assert (line["reason"] or "").startswith(reason or "")
    if not any(word.encode() in device.answer.body for word in ON_THE_WAY):
        assert line["status"] == device.answer.status


async def again(scene: Scene, devices: list[Device], heard: list[Heard], id_: str) -> None:
    """The providers have recovered. What waited for itself or its device is sent, once, as the same push; what waits
    for a credential still waits; and nothing else is sent."""
    waiting = [device for device in devices if device.waits is not None]
    patient = [
        device for device in waiting if isinstance(device.outcome, TryLater) and device.outcome.scope != "credential"
    ]
    before = {device.binding.address: ids_of(heard, device, id_) for device in devices}
    begun = len(heard)
    await scene.phones.hurry("push_retry")
    await scene.drain()
    assert len(heard) == begun + len(patient)
    for device in patient:
        ids = ids_of(heard, device, id_)
        assert len(ids) == len(before[device.binding.address]) + 1
        assert len(set(ids)) == 1
        line = await scene.row("push_log", device.binding)
        assert line is not None
        assert (line["outcome"], line["status"]) == ("sent", 200)
    assert len(await scene.phones.waiting("push_retry")) == len(waiting) - len(patient)


def ids_of(heard: list[Heard], device: Device, id_: str) -> list[str]:
    """The ids under which a device was sent to."""
    address = device.binding.address
    of_it = [h for h in heard if address in h.path or address.encode() in h.body]
    return [h.headers[id_] if id_ in h.headers else _id_in(h) for h in of_it]


def _id_in(heard: Heard) -> str:
    return heard.body.partition(b'"twi_message_id":"')[2][:34].decode()


async def test_each_answer_of_apple(phones: Phones, apns: AppleRig) -> None:
    async with apns.provider(connections=1, timeout=PATIENCE) as provider:
        scene = Scene(phones, provider, apple_parts(apns), PushType.APN)
        devices = await every_answer(scene, APPLE, apns.peer.devices)
        assert not apns.peer.faults
        for device in devices:
            await judge(scene, device)
        apns.peer.devices.clear()
        await again(scene, devices, apns.peer.heard, "apns-id")


async def test_each_answer_of_google(phones: Phones, fcm: GoogleRig) -> None:
    fcm.peer.tokens_taken = 1000
    reactions: dict[str, Reaction] = {}
    fcm.peer.react = lambda heard: next((r for a, r in reactions.items() if a.encode() in heard.body), Reply())
    async with fcm.provider(connections=1, timeout=PATIENCE) as provider:
        scene = Scene(phones, provider, SecretParts(secret=fcm.credential.secrets.secret), PushType.FCM)
        devices = await every_answer(scene, GOOGLE, reactions)
        assert not fcm.peer.faults
        for device in devices:
            await judge(scene, device)
        reactions.clear()
        await again(scene, devices, fcm.peer.heard, "twi_message_id")


@pytest.mark.parametrize("chunk", [500, 5], ids=["one chunk", "chunks"])
async def test_a_wrong_environment_costs_no_device(
    phones: Phones, apns: AppleRig, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """All devices of a credential are called unknown: the credential is paused, and whoever was set aside is back."""
    monkeypatch.setattr("push.fanout.CHUNK", chunk)
    apns.peer.react = lambda _: said(400, "BadDeviceToken")
    async with apns.provider(connections=1, timeout=PATIENCE) as provider:
        scene = Scene(phones, provider, apple_parts(apns), PushType.APN)
        alice, channel, people = await scene.people(30)
        credential = await scene.credential()
        devices = [await scene.device(actor, number, credential) for number, actor in enumerate(people)]
        await phones.world.configure(reachability_enabled=True, **HOOKS)
        await phones.enable(new_message=ON)
        await phones.world.send(channel, by=alice)
        await scene.drain()
        assert [await scene.alive(binding) for binding in devices] == [True] * 30
        assert scene.paused == {credential: True}
    told = [job["job"]["facts"]["user"] for job in await phones.waiting("webhook")]
    changes: dict[str, list[bool]] = {}
    for user in told:
        changes.setdefault(user["identity"], []).append(user["is_notifiable"])
    # Where the answer came back in the same moment, nobody was told of the loss.
    assert all(change in ([False, True], [True]) for change in changes.values())
    assert len(changes) == (0 if chunk == 500 else 20)


async def test_who_loses_the_last_device_is_told(phones: Phones, apns: AppleRig) -> None:
    async with apns.provider(connections=1, timeout=PATIENCE) as provider:
        scene = Scene(phones, provider, apple_parts(apns), PushType.APN)
        alice, channel, (bob, carol) = await scene.people(2)
        credential = await scene.credential()
        gone = [await scene.device(bob, 1, credential), await scene.device(carol, 2, credential)]
        await scene.device(carol, 3, credential)
        for binding in gone:
            apns.peer.devices[binding.address] = said(410, "Unregistered")
        await phones.world.configure(reachability_enabled=True, **HOOKS)
        await phones.enable(new_message=ON)
        await phones.world.send(channel, by=alice)
        await scene.drain()
        (job,) = [job["job"] for job in await phones.waiting("webhook")]
        assert (job["event"], job["source"]) == ("onUserUpdated", "API")
        assert (job["facts"]["user"]["identity"], job["facts"]["user"]["is_notifiable"]) == ("user0", False)
        sids = [actor.user_sid for actor in (bob, carol) if actor.user_sid is not None]
        found = await phones.world.chat.devices.is_notifiable(sids)
        assert [found[sid] for sid in sids] == [False, True]
