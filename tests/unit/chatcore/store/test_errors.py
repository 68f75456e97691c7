"""The driver's errors in the words of the domain."""

from __future__ import annotations

import asyncpg
import pytest
from asyncpg import exceptions as pg

from chatcore.domain.errors import ChatError, Code
from chatcore.ports.store import TransactionConflict
from chatcore.store.errors import CONSTRAINTS, raise_translated, translate


def _violation(kind: type[asyncpg.PostgresError], constraint: str) -> asyncpg.PostgresError:
    error = kind("violates a constraint")
    error.constraint_name = constraint
    return error


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_violated_constraint_has_its_code(name: str) -> None:
    kind = pg.ForeignKeyViolationError if name.endswith("_fkey") else pg.UniqueViolationError
    refused = translate(_violation(kind, name))
    assert isinstance(refused, ChatError)
    assert (refused.code, refused.message) == CONSTRAINTS[name]


@pytest.mark.parametrize(
    "error",
    [
        OSError("refused"),
        TimeoutError(),
        ConnectionResetError(),
        pg.ConnectionDoesNotExistError("closed"),
        pg.TooManyConnectionsError("too many"),
        pg.DiskFullError("full"),
        pg.PostgresIOError("the disk fails"),
        pg.InternalServerError("could not write init file: File too large"),
        pg.AdminShutdownError("shutdown"),
        pg.CannotConnectNowError("starting"),
        pg.QueryCanceledError("statement timeout"),
        pg.ReadOnlySQLTransactionError("standby"),
        asyncpg.InterfaceError("pool is closing"),
    ],
)
def test_a_database_that_is_away_is_temporary(error: Exception) -> None:
    refused = translate(error)
    assert isinstance(refused, ChatError)
    assert refused.code is Code.UNAVAILABLE
    assert refused.temporary


@pytest.mark.parametrize("error", [pg.SerializationError("40001"), pg.DeadlockDetectedError("40P01")])
def test_a_conflict_asks_to_try_again(error: Exception) -> None:
    assert isinstance(translate(error), TransactionConflict)


@pytest.mark.parametrize("error", [pg.CharacterNotInRepertoireError("NUL"), asyncpg.DataError("not an integer")])
def test_a_value_that_cannot_be_stored_is_a_bad_parameter(error: Exception) -> None:
    refused = translate(error)
    assert isinstance(refused, ChatError)
    assert refused.code is Code.INVALID_PARAMETER


@pytest.mark.parametrize(
    "error",
    [
        pg.UndefinedColumnError("no such column"),
        pg.DataCorruptedError("a row cannot be read"),
        _violation(pg.UniqueViolationError, "messages_pkey"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        KeyError("a mistake of ours"),
    ],
)
def test_mistakes_of_ours_go_up_as_they_are(error: Exception) -> None:
    assert translate(error) is None
    with pytest.raises(type(error)) as raised:
        raise_translated(error)
    assert raised.value is error


def test_the_drivers_error_is_the_cause() -> None:
    with pytest.raises(ChatError) as refused:
        raise_translated(OSError("refused"))
    assert isinstance(refused.value.__cause__, OSError)
