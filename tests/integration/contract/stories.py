"""What is sent to each operation: a good value for every documented parameter, and which of them go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.reference.operation import Operation, Parameter

if TYPE_CHECKING:
    from .scene import Scene

Value = str | Sequence[str]
HEX: Final = "0123456789abcdef0123456789abcdef"
FLOW: Final = f"FW{HEX}"
MESSAGING_SERVICE: Final = f"MG{HEX}"
CONTENT: Final = f"HX{HEX}"
SAME_HANDLERS: Final = "ip-messaging"
"""Documents whose operations are those of Chat."""
BELOW_SERVICE: Final = " of a service"
"""Tags of operations of Conversations that have a twin without a service in its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One call. `values` replace the usual ones; parameters that begin with one of `without` are left out, because
    they exclude what is sent. `status` where the operation has more than one."""

    values: Mapping[str, Value] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    status: int | None = None


_PLAIN: Final = Story()
_WEBHOOK: Final = Story(without=("Configuration.Triggers", "Configuration.FlowSid"))
_TRIGGER_ONLY: Final = ("Configuration.Filters", "Configuration.FlowSid")
_STUDIO_ONLY: Final = tuple(f"Configuration.{name}" for name in ("Url", "Method", "Filters", "Triggers"))
_FCM_WITHOUT: Final = ("Certificate", "PrivateKey", "Sandbox", "ApiKey")
_CREDENTIALS: Final = (
    Story(values={"Type": "fcm"}, without=_FCM_WITHOUT),
    Story(values={"Type": "gcm"}, without=("Certificate", "PrivateKey", "Sandbox", "Secret")),
    Story(values={"Type": "apn"}, without=("ApiKey", "Secret")),
)
_ADDRESSED: Final = Story(without=("Identity", "RoleSid", "MessagingBinding.ProjectedAddress"))
_STUDIO_ADDRESS: Final = Story(values={"AutoCreation.Type": "studio"}, without=("AutoCreation.Webhook",))
_WEBHOOK_ADDRESS: Final = Story(without=("AutoCreation.Studio",))

_STORIES: Final[Mapping[str, Sequence[Story]]] = {
    "createChannelWebhook": (
        _WEBHOOK,
        Story(values={"Type": "trigger"}, without=_TRIGGER_ONLY),
        Story(values={"Type": "studio"}, without=_STUDIO_ONLY),
    ),
    "updateChannelWebhook": (_WEBHOOK,),
    "createWebhook": (
        _WEBHOOK,
        Story(values={"Target": "trigger"}, without=_TRIGGER_ONLY),
        Story(values={"Target": "studio"}, without=_STUDIO_ONLY),
    ),
    "updateWebhook": (_WEBHOOK,),
    "createCredential": _CREDENTIALS,
    "updateCredential": (Story(values={"Type": "fcm"}, without=_FCM_WITHOUT),),
    "createParticipant": (Story(without=("MessagingBinding",)), _ADDRESSED),
    "updateParticipant": (Story(without=("MessagingBinding", "Identity")),),
    "createConversationWithParticipants": (
        Story(values={"State": "active"}, status=202),
        Story(without=("Participant",), status=201),
    ),
    "createMessage": (Story(without=("Content",)), Story(without=("MediaSid", "Body"))),
    "createAddress": (_WEBHOOK_ADDRESS, _STUDIO_ADDRESS),
    "updateAddress": (_WEBHOOK_ADDRESS, _STUDIO_ADDRESS),
    "listParticipantConversation": (Story(without=("Address",)), Story(without=("Identity",))),
}

_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    "createChannelWebhook": ("Type", "Configuration.Url", "Configuration.Filters"),
    "createWebhook": ("Target", "Configuration.Url", "Configuration.Filters"),
    "createParticipant": ("Identity",),
    "createCredential": ("Type", "Secret"),
    "createMessage": ("Body",),
}
"""What a create needs beside what is required of every one."""


def plain_name(operation: Operation) -> str:
    """The same for both forms of an operation of Conversations, and for both paths of an aliased one."""
    name = operation.name.removesuffix("Alias")
    for verb in ("create", "list", "fetch", "update", "delete"):
        prefix = f"{verb}Service"
        if name.startswith(prefix) and operation.tag.endswith(BELOW_SERVICE):
            return verb + name[len(prefix) :]
    return name


def stories(operation: Operation) -> Sequence[Story]:
    required = [p.name for p in operation.form if p.required]
    told = _STORIES.get(plain_name(operation), (_PLAIN,))
    return [story for story in told if not any(name.startswith(story.without) for name in required if story.without)]


def needed(operation: Operation) -> list[str]:
    """The parameters without which it does not work."""
    required = [p.name for p in operation.form if p.required]
    return list(_NEEDED.get(plain_name(operation), required))


async def value(scene: Scene, operation: Operation, parameter: Parameter, path: Mapping[str, str]) -> Value:
    """A good value that was not used before where it must be unique."""
    name = parameter.name
    service = path.get("service") or await scene.service()
    if name.endswith("RoleSid"):
        return await scene.role(_ROLES.get((operation.schema or "", name), "channel user"), service)
    if name == "role_sid":
        return await scene.role("service user", service)
    if name == "MediaSid":
        return await scene.media()
    if name in ("DefaultChatServiceSid", "AutoCreation.ConversationServiceSid", "service_sid"):
        return service
    if name == "push_credential_sid":
        return f"CR{HEX}"
    if name == "Identity" and operation.schema == "Invite":
        return await scene.user(service)
    if name in _PEMS:
        return _pems()[name]
    if name in _FRESH:
        return scene.fresh(_FRESH[name])
    return _by_operation(operation).get(name) or _VALUES.get(name) or _by_shape(parameter)


_PEMS: Final = ("Certificate", "PrivateKey")


@cache
def _pems() -> Mapping[str, str]:
    """With newlines as some clients write them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Apple Push Services: org.example.chat")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    texts = {"Certificate": certificate.public_bytes(Encoding.PEM), "PrivateKey": secret}
    return {name: text.decode().replace("\n", "\\n") for name, text in texts.items()}


_ROLES: Final = {
    ("User", "RoleSid"): "service user",
    ("Service", "DefaultServiceRoleSid"): "service user",
    ("Service", "DefaultChannelRoleSid"): "channel user",
    ("Service", "DefaultChannelCreatorRoleSid"): "channel admin",
    ("ServiceConfiguration", "DefaultConversationCreatorRoleSid"): "channel admin",
    ("ServiceConfiguration", "DefaultChatServiceRoleSid"): "service user",
}
_FRESH: Final = {
    "UniqueName": "name",
    "Identity": "somebody",
    "identity": "somebody",
    "Address": "+1555",
    "MessagingBinding.Address": "+1555",
    "MessagingBinding.ProxyAddress": "+1666",
    "MessagingBinding.ProjectedAddress": "+1777",
}
_VALUES: Final[Mapping[str, Value]] = {
    "FriendlyName": "Zoë's place",
    "Attributes": '{ "a": [1, "ü"] }',
    "Body": "Good morning",
    "Author": "zoe",
    "From": "zoe",
    "LastUpdatedBy": "zoe",
    "CreatedBy": "zoe",
    "Subject": "Breakfast",
    "Permission": ["sendMessage", "leaveChannel"],
    "ApiKey": "key",
    "Secret": "secret",
    "MessagingServiceSid": MESSAGING_SERVICE,
    "DefaultMessagingServiceSid": MESSAGING_SERVICE,
    "DefaultInactiveTimer": "PT1M",
    "DefaultClosedTimer": "PT10M",
    "Timers.Inactive": "PT1M",
    "Timers.Closed": "PT10M",
    "State": "inactive",
    "StartDate": "2015-07-30",
    "EndDate": "2099-07-30T20:00:00Z",
    "AddressCountry": "US",
    "ContentSid": CONTENT,
    "ContentVariables": '{"1": "x"}',
    "Configuration.FlowSid": FLOW,
    "AutoCreation.StudioFlowSid": FLOW,
    "AutoCreation.StudioRetryCount": "1",
    "AutoCreation.WebhookFilters": ["onMessageAdded"],
    "AutoCreation.Type": "webhook",
    "Configuration.Triggers": ["help", "stop"],
    "Configuration.ReplayAfter": "0",
    "LastConsumedMessageIndex": "0",
    "LastReadMessageIndex": "0",
    "Participant": ['{"identity": "pia", "attributes": "{}"}', '{"identity": "quentin"}'],
    "Bindings.Email.Address": "room@example.org",
    "Bindings.Email.Name": "Room",
    "Media.CompatibilityMessage": "No pictures here",
    "Filename": "photo.png",
    "endpoint_id": "phone",
    "ttl": "60",
    "Limits.ChannelMembers": "10",
    "Limits.UserChannels": "20",
    "PageSize": "3",
    "Page": "0",
}
_TARGETS: Final = {"createWebhook": {"Target": "webhook"}, "createChannelWebhook": {"Type": "webhook"}}


def _by_operation(operation: Operation) -> Mapping[str, Value]:
    return _TARGETS.get(plain_name(operation), {})


def _by_shape(parameter: Parameter) -> Value:
    shape = parameter.shape
    item = shape.get("items", shape)
    if "enum" in item:
        good = item["enum"][-1] if parameter.name.endswith("Method") else item["enum"][0]
        return [str(good)] if shape is not item else str(good)
    match item.get("type"), item.get("format"):
        case "boolean", _:
            return "true"
        case "integer", _:
            return str(item.get("minimum", 1))
        case _, "date-time":
            return "2015-07-30T20:00:00Z"
        case _, "uri":
            return "https://hooks.example.org/chat?x=1"
        case "string", _:
            return ["words"] if shape is not item else "words"
    raise AssertionError(f"no value for {parameter.name}")
