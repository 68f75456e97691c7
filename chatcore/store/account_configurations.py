"""What accounts configure for all their services, as columns of their rows."""

from __future__ import annotations

from chatcore.domain.account import AccountConfiguration
from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.webhooks import AccountWebhooks

from .queries import load
from .session import Row, Session

_SQL = load("account_configurations")


def _configuration_from(row: Row) -> AccountConfiguration:
    return AccountConfiguration(
        account_sid=row["sid"],
        default_service_sid=row["service_sid"],
        default_messaging_service_sid=row["default_messaging_service_sid"],
        default_inactive_timer=row["default_inactive_timer"],
        default_closed_timer=row["default_closed_timer"],
        webhooks=AccountWebhooks(
            method=row["webhook_method"],
            filters=tuple(row["webhook_filters"]),
            pre_url=row["pre_webhook_url"],
            post_url=row["post_webhook_url"],
            target=row["webhook_target"],
        ),
    )


class AccountConfigurations:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, account_sid: AccountSid) -> AccountConfiguration | None:
        row = await self._session.row(_SQL["get"], account_sid)
        return _configuration_from(row) if row is not None else None

    async def default_service(self, account_sid: AccountSid) -> ServiceSid | None:
        row = await self._session.row(_SQL["default_service"], account_sid)
        return row["sid"] if row is not None else None

    async def lock(self, account_sid: AccountSid) -> None:
        await self._session.run(_SQL["lock"], account_sid)

    async def set_default_service(self, account_sid: AccountSid, service_sid: ServiceSid) -> None:
        await self._session.run(_SQL["set_default_service"], account_sid, service_sid)

    async def update(self, configuration: AccountConfiguration) -> None:
        webhooks = configuration.webhooks
        await self._session.run(
            _SQL["update"],
            configuration.account_sid,
            configuration.default_service_sid,
            configuration.default_messaging_service_sid,
            configuration.default_inactive_timer,
            configuration.default_closed_timer,
            webhooks.method,
            webhooks.filters,
            webhooks.pre_url,
            webhooks.post_url,
            webhooks.target,
        )
