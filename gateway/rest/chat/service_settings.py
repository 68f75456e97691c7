"""What an update of a service reads: a service in, the service as it is wanted out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatcore.domain import limits
from chatcore.domain.errors import Code
from chatcore.domain.ids import RoleSid
from chatcore.domain.model import UNSET, Notifications, NotificationSettings, Service, Unset, given
from chatcore.domain.webhooks import EVENTS, Vocabulary
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.rest.parameters import http_url, role_sid

INT_MAX: Final = 2**31 - 1
RETRIES_MAX: Final = 3
WEBHOOK_METHODS: Final = frozenset({"GET", "POST"})
KNOWN_EVENTS: Final = EVENTS[Vocabulary.CHAT]

_KINDS: Final = {
    "NewMessage": "new_message",
    "AddedToChannel": "added_to_channel",
    "RemovedFromChannel": "removed_from_channel",
    "InvitedToChannel": "invited_to_channel",
}


def changed(service: Service, form: Form) -> Service:
    """The service with what was given. Raises HttpError and ChatError with the code of the first bad parameter."""
    service = replace(
        service,
        friendly_name=_friendly_name(form, service.friendly_name),
        default_service_role_sid=_role(form, "DefaultServiceRoleSid", service.default_service_role_sid),
        default_channel_role_sid=_role(form, "DefaultChannelRoleSid", service.default_channel_role_sid),
        default_channel_creator_role_sid=_role(
            form, "DefaultChannelCreatorRoleSid", service.default_channel_creator_role_sid
        ),
        read_status_enabled=given(form.boolean("ReadStatusEnabled"), service.read_status_enabled),
        reachability_enabled=given(form.boolean("ReachabilityEnabled"), service.reachability_enabled),
        typing_indicator_timeout=given(
            form.integer("TypingIndicatorTimeout", code=Code.TYPING_TIMEOUT_INVALID, low=1, high=INT_MAX),
            service.typing_indicator_timeout,
        ),
        consumption_report_interval=given(
            form.integer("ConsumptionReportInterval", code=Code.CONSUMPTION_INTERVAL_INVALID, low=0, high=INT_MAX),
            service.consumption_report_interval,
        ),
    )
    service = replace(service, notifications=_notifications(form, service.notifications))
    return replace(
        service,
        pre_webhook_url=http_url(form, "PreWebhookUrl", Code.PRE_WEBHOOK_URL_INVALID, service.pre_webhook_url),
        post_webhook_url=http_url(form, "PostWebhookUrl", Code.POST_WEBHOOK_URL_INVALID, service.post_webhook_url),
        webhook_method=_webhook_method(form, service.webhook_method),
        webhook_filters=_webhook_filters(form, service.webhook_filters),
        limit_channel_members=given(
            form.integer("Limits.ChannelMembers", code=Code.CHANNEL_MEMBERS_LIMIT_INVALID, low=1, high=INT_MAX),
            service.limit_channel_members,
        ),
        limit_user_channels=given(
            form.integer("Limits.UserChannels", code=Code.USER_CHANNELS_LIMIT_INVALID, low=1, high=INT_MAX),
            service.limit_user_channels,
        ),
        media_compatibility_message=given(form.text("Media.CompatibilityMessage"), service.media_compatibility_message),
        pre_webhook_retry_count=_retries(form, "PreWebhookRetryCount", service.pre_webhook_retry_count),
        post_webhook_retry_count=_retries(form, "PostWebhookRetryCount", service.post_webhook_retry_count),
    )


def _friendly_name(form: Form, held: str) -> str:
    name = form.text("FriendlyName")
    return held if isinstance(name, Unset) else limits.service_name(name)


def _role(form: Form, name: str, held: RoleSid) -> RoleSid:
    sid = role_sid(form, name)
    return held if isinstance(sid, Unset) else RoleSid(sid)


def _retries(form: Form, name: str, held: int) -> int:
    return given(form.integer(name, code=Code.RETRY_COUNT_INVALID, low=0, high=RETRIES_MAX), held)


def _notifications(form: Form, held: Notifications) -> Notifications:
    """All switches, then all templates, then all sounds: the order in which their errors are reported."""
    names = [f"Notifications.{kind}" for kind in _KINDS]
    enabled = [form.boolean(f"{name}.Enabled") for name in names]
    templates = [
        form.text_or_none(f"{name}.Template", limit=limits.TEMPLATE_CHARS, code=Code.TEMPLATE_TOO_LONG)
        for name in names
    ]
    sounds = [form.text_or_none(f"{name}.Sound", limit=limits.SOUND_CHARS, code=Code.SOUND_TOO_LONG) for name in names]
    badge = form.boolean("Notifications.NewMessage.BadgeCountEnabled")
    log = form.boolean("Notifications.LogEnabled")
    new: dict[str, NotificationSettings] = {}
    for field, on, template, sound in zip(_KINDS.values(), enabled, templates, sounds, strict=True):
        old: NotificationSettings = getattr(held, field)
        new[field] = replace(
            old,
            enabled=given(on, old.enabled),
            template=given(template, old.template),
            sound=given(sound, old.sound),
        )
    new_message = new["new_message"]
    new["new_message"] = replace(new_message, badge_count_enabled=given(badge, new_message.badge_count_enabled))
    return Notifications(**new, log_enabled=given(log, held.log_enabled))


def _webhook_method(form: Form, held: str | None) -> str | None:
    method = form.text_or_none("WebhookMethod")
    if isinstance(method, str) and method not in WEBHOOK_METHODS:
        raise HttpError(400, Code.WEBHOOK_METHOD_INVALID, "WebhookMethod must be GET or POST")
    return given(method, held)


def _webhook_filters(form: Form, held: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Replaces the names Chat knows; those of the Conversations vocabulary, which share the record, stay."""
    names = form.texts("WebhookFilters")
    if names is UNSET:
        return held
    for name in names:
        if name not in KNOWN_EVENTS:
            raise HttpError(400, Code.WEBHOOK_FORMAT_INVALID, f"WebhookFilters: {name} is not the name of an event")
    others = tuple(name for name in held or () if name not in KNOWN_EVENTS)
    return tuple(dict.fromkeys(names)) + others or None
