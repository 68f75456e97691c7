"""`chatcore webhooks`: deliveries that were given up, to look at and to try again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from chatcore.cli_store import with_store
from chatcore.domain.jobs import JobKind

if TYPE_CHECKING:
    from chatcore.store.dead_letters import DeadLetter, DeadLetters

T = TypeVar("T")


@click.group()
def webhooks() -> None:
    """Deliveries of webhooks that were given up."""


@webhooks.command("list")
@click.option("--service", "service_sid", help="Only those of one chat service (IS…).")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def list_dead(service_sid: str | None, limit: int) -> None:
    """Print deliveries that were given up, newest first, one JSON object per line. They are kept for 14 days."""
    found = _with_letters(lambda letters: letters.list(JobKind.WEBHOOK, service_sid=service_sid, limit=limit))
    for letter in found:
        click.echo(json.dumps(_described(letter), ensure_ascii=False))
    if not found:
        click.echo("no delivery was given up", err=True)


@webhooks.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--service", "service_sid", help="All those of one chat service (IS…).")
@click.option("--all", "everything", is_flag=True, help="All there are.")
def replay(ids: tuple[int, ...], service_sid: str | None, everything: bool) -> None:
    """Deliver again what was given up: the numbers that `list` shows, those of a service, or all."""
    if sum((bool(ids), service_sid is not None, everything)) != 1:
        raise click.UsageError("give numbers, or --service, or --all")
    done = _with_letters(lambda letters: letters.replay(JobKind.WEBHOOK, ids=ids or None, service_sid=service_sid))
    missing = sorted(set(ids) - set(done))
    if missing:
        click.echo(f"not found: {', '.join(map(str, missing))}", err=True)
    click.echo(f"{len(done)} deliveries will be tried again")


def _described(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "service_sid": letter.service_sid,
        "event": letter.job.get("event"),
        "target": letter.job.get("target"),
        "target_sid": letter.job.get("target_sid"),
        "created_at": letter.created_at.isoformat(timespec="milliseconds"),
        "died_at": letter.died_at.isoformat(timespec="milliseconds"),
        "attempts": letter.attempts,
        "reason": letter.reason,
    }


def _with_letters(action: Callable[[DeadLetters], Awaitable[T]]) -> T:
    from chatcore.store.dead_letters import DeadLetters

    return with_store(lambda store: action(DeadLetters(store.pool)))
