"""Devices that clients of the Centrifuge protocol register for pushes."""

from __future__ import annotations

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.secrets import SecretBox
from chatcore.commands.credentials import CredentialDraft, Credentials
from chatcore.domain.devices import PushType
from chatcore.domain.paging import Window
from chatcore.ports.clock import SystemClock
from chatcore.ports.devices import SecretParts

from .rig import Rig

SAFE = PushSecretSafe(SecretBox(["a key for tests, long enough"]))
APNS = "ab" * 32
FCM = "fcm-token_of:a-device"


async def credential(rig: Rig, kind: PushType) -> str:
    parts = SecretParts() if kind is PushType.APN else SecretParts(secret="a-legacy-key")
    commands = Credentials(rig.store, SystemClock(), SAFE)
    return (await commands.create(rig.rest.account_sid, CredentialDraft(type=kind, secrets=parts))).sid


async def test_a_device_is_registered_and_forgotten(rig: Rig) -> None:
    alice = await rig.connected("alice")
    sid = await credential(rig, PushType.APN)
    params = {"type": "apn", "token": APNS.upper(), "endpoint": "phone", "credential_sid": sid}
    first = await alice.call("push.register", **params)
    assert await alice.call("push.register", **params) == first
    page = await rig.nodes[0].chat.devices.list(rig.rest, Window(limit=10))
    (device,) = page.items
    assert (device.sid, device.address, device.endpoint) == (first["binding_sid"], APNS, "phone")
    assert "new_message" in device.message_types
    for _ in range(2):
        assert await alice.call("push.unregister", type="apn", token=APNS) == {}
    assert not (await rig.nodes[0].chat.devices.list(rig.rest, Window(limit=10))).items


async def test_what_is_no_device_is_refused(rig: Rig) -> None:
    alice = await rig.connected("alice")
    apn, fcm = await credential(rig, PushType.APN), await credential(rig, PushType.FCM)
    refused = [
        ({"type": "apn", "token": "abc", "credential_sid": apn}, 107),
        ({"type": "apn", "token": "", "credential_sid": apn}, 107),
        ({"type": "fcm", "token": "short", "credential_sid": fcm}, 107),
        ({"type": "apn", "token": APNS, "credential_sid": fcm}, 107),
        ({"type": "apn", "token": APNS, "credential_sid": "CR" + "0" * 32}, 107),
        ({"type": "apn", "token": APNS}, 107),
        ({"type": "pager", "token": APNS, "credential_sid": apn}, 1209),
        ({"type": "apn"}, 107),
    ]
    for params, code in refused:
        assert await alice.code("push.register", **params) == code, params
