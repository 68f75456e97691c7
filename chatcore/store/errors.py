"""What the driver raises, in the words of the domain.

A violated constraint is known by its name; everything that says "the database is away" is UNAVAILABLE; a conflict
between transactions asks to try again. Anything else is a mistake of ours and goes up as it is.
"""

from __future__ import annotations

from typing import Final, NoReturn

import asyncpg
from asyncpg import exceptions as pg

from chatcore.domain.errors import ChatError, Code
from chatcore.ports.store import TransactionConflict

CONSTRAINTS: Final[dict[str, tuple[Code, str]]] = {
    "accounts_pkey": (Code.CONFLICT, "An account with this SID exists already"),
    "api_keys_pkey": (Code.CONFLICT, "An API key with this SID exists already"),
    "api_keys_account_sid_fkey": (Code.NOT_FOUND, "The account was not found"),
    "services_pkey": (Code.CONFLICT, "A service with this SID exists already"),
    "services_account_sid_fkey": (Code.NOT_FOUND, "The account was not found"),
    "roles_service_sid_fkey": (Code.SERVICE_NOT_FOUND, "The service was not found"),
    "users_identity": (Code.USER_EXISTS, "A user with this identity exists already"),
    "users_service_sid_fkey": (Code.SERVICE_NOT_FOUND, "The service was not found"),
    "channels_unique_name": (Code.UNIQUE_NAME_TAKEN, "Another channel has this UniqueName"),
    "channels_service_sid_fkey": (Code.SERVICE_NOT_FOUND, "The service was not found"),
    "members_identity": (Code.MEMBER_EXISTS, "The user is a member of the channel already"),
    "members_channel_sid_fkey": (Code.CHANNEL_NOT_FOUND, "The channel was not found"),
    "members_user_sid_fkey": (Code.USER_NOT_FOUND, "The user was not found"),
    "invites_identity": (Code.ALREADY_INVITED, "The user is invited to the channel already"),
    "invites_channel_sid_fkey": (Code.CHANNEL_NOT_FOUND, "The channel was not found"),
    "invites_user_sid_fkey": (Code.USER_NOT_FOUND, "The user was not found"),
    "guests_pair": (Code.GUEST_PAIR_TAKEN, "The pair of addresses is in use in another conversation"),
    "guests_channel_sid_fkey": (Code.CHANNEL_NOT_FOUND, "The channel was not found"),
    "channel_webhooks_channel_sid_fkey": (Code.CHANNEL_NOT_FOUND, "The channel was not found"),
    "delivery_receipts_channel_sid_fkey": (Code.CHANNEL_NOT_FOUND, "The channel was not found"),
    "credentials_account_sid_fkey": (Code.NOT_FOUND, "The account was not found"),
    "bindings_service_sid_fkey": (Code.SERVICE_NOT_FOUND, "The service was not found"),
    "bindings_user_sid_fkey": (Code.USER_NOT_FOUND, "The user was not found"),
    "bindings_credential_sid_fkey": (Code.NOT_FOUND, "The credential was not found"),
    "push_log_user_sid_fkey": (Code.USER_NOT_FOUND, "The user was not found"),
    "bindings_endpoint": (Code.CONFLICT, "The device is being registered by another request"),
    "bindings_address": (Code.CONFLICT, "The device is being registered by another request"),
    "address_configurations_account_sid_fkey": (Code.NOT_FOUND, "The account was not found"),
    "address_configurations_address": (Code.CONFLICT, "The address is configured already"),
    "messages_client_ref": (Code.CONFLICT, "The author has another message with this client_ref in the channel"),
}

_AWAY: Final = (
    OSError,  # refused, unreachable, and every TimeoutError
    pg.PostgresConnectionError,
    pg.InsufficientResourcesError,  # too many connections, disk full
    pg.OperatorInterventionError,  # shutting down, starting up, statement timeout
    pg.LockNotAvailableError,
    pg.ReadOnlySQLTransactionError,  # connected to what has become a standby
    pg.IdleInTransactionSessionTimeoutError,
    pg.PostgresSystemError,  # its disk fails
    pg.InternalServerError,  # as the one before in places that nobody foresaw
    pg.InternalClientError,  # the connection broke in the middle of an answer
)
_BROKEN: Final = (pg.DataCorruptedError, pg.IndexCorruptedError)
"""Kinds of InternalServerError that no waiting mends: a job that meets such a row has to come to an end."""
_CONFLICT: Final = (pg.SerializationError, pg.DeadlockDetectedError, pg.InvalidCachedStatementError)
"""The last one: a migration changed a table under a prepared statement, which is prepared anew the next time."""


def translate(error: Exception) -> Exception | None:
    """The domain's word for an error of the driver, or None where it has none."""
    if isinstance(error, pg.IntegrityConstraintViolationError):
        known = CONSTRAINTS.get(error.constraint_name)
        return ChatError(*known) if known is not None else None
    if isinstance(error, _CONFLICT):
        return TransactionConflict(str(error))
    if isinstance(error, _AWAY) and not isinstance(error, _BROKEN):
        return ChatError(Code.UNAVAILABLE, "The database is not available")
    if isinstance(error, pg.DataError | asyncpg.DataError):
        # Limits refuse such values by name; this is the net under lookups by keys that come from URLs.
        return ChatError(Code.INVALID_PARAMETER, "A value cannot be stored")
    if isinstance(error, asyncpg.InterfaceError) and "another operation" not in str(error):
        return ChatError(Code.UNAVAILABLE, "The database is not available")  # the pool or the connection is closed
    return None


def raise_translated(error: Exception) -> NoReturn:
    """Raises the translation, with the driver's error as its cause, or the error itself."""
    translation = translate(error)
    if translation is None:
        raise error
    raise translation from error
