"""The commands of `pulse`, except `pulse db`, which is Flask-Migrate's."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click
from flask.cli import FlaskGroup, with_appcontext
from redis.exceptions import RedisError

from pulse_analytics.audit.commands import audit_command, rebuild_command
from pulse_analytics.catalogue.commands import videos_group
from pulse_analytics.config import BATCH_SIZE, current_settings
from pulse_analytics.errors import TryAgain
from pulse_analytics.events import utc_time
from pulse_analytics.failures import redis_failure
from pulse_analytics.ingest.journal import current_journal
from pulse_analytics.ingest.liveness import worker_alive_command
from pulse_analytics.ingest.tasks import wake_worker
from pulse_analytics.reports.queries import counts_of
from pulse_analytics.retention.commands import export_command, forget_command
from pulse_analytics.retention.expire_command import expire_command
from pulse_analytics.retention.pseudonymise_command import pseudonymise_command
from pulse_analytics.simulate.run import Options, simulate
from pulse_analytics.up.up import up_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from pulse_analytics.ingest.journal.entries import DeadLetter


def pulse_group(create_app: Callable[[], Flask]) -> FlaskGroup:
    """The command line, for the application that `create_app` makes."""
    group = FlaskGroup(
        name="pulse",
        create_app=create_app,
        add_default_commands=False,
        add_version_option=False,
        load_dotenv=False,
        set_debug_flag=False,
        help="Engagement analytics: 202 means counted exactly once.",
    )
    group.params.clear()  # Flask's options that choose an application: it is given.
    click.version_option(package_name="pulse-analytics", prog_name="pulse")(group)
    group.add_command(up_command)
    group.add_command(simulate_command)
    group.add_command(dead_letters)
    group.add_command(audit_command)
    group.add_command(rebuild_command)
    group.add_command(expire_command)
    group.add_command(pseudonymise_command)
    group.add_command(videos_group)
    group.add_command(forget_command)
    group.add_command(export_command)
    group.add_command(worker_alive_command)
    return group


@click.command("simulate")
@click.option("--viewers", default=1000, show_default=True, type=click.IntRange(1), help="How many viewers come.")
@click.option("--videos", default=50, show_default=True, type=click.IntRange(1), help="How many videos there are.")
@click.option(
    "--rate", default=0.0, show_default=True, type=click.FloatRange(0), help="Reports per second; 0: no limit."
)
@click.option(
    "--seed", default=1, show_default=True, help="Another seed is another day, with other videos and viewers."
)
@click.option("--clients", default=8, show_default=True, type=click.IntRange(1), help="How many viewers at a time.")
@click.option("--url", help="The API's address, if it is not on this machine.")
@with_appcontext
def simulate_command(url: str | None, **options: Any) -> None:
    """Play a day of viewing, and check the counts.

    Reports of all PULSE_EVENTS go to the running API over HTTP, as players send them; at the end each video's counts
    must have risen by the reports that were accepted. The counts are read from the database of PULSE_DATABASE_URL. The
    same seed on the same day is all duplicates.
    """
    settings = current_settings()
    url = url or f"http://127.0.0.1:{settings.port}"
    try:
        equal = simulate(Options(url=url, events=settings.events, **options), counts_of)
    except TryAgain as error:
        raise click.ClickException(f"{error} {error.__cause__ or ''}") from error
    if not equal:
        raise SystemExit(1)


class _RedisGroup(click.Group):
    """A group whose commands fail with one sentence if Redis fails."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except RedisError as error:
            raise redis_failure(error) from error


class _LetterId(click.ParamType[str]):
    """The id of a dead letter, as `list` shows it."""

    name = "id"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9]{1,19}-[0-9]{1,19}", value):
            self.fail(f"{value!r} is not the id of a dead letter, such as 1700000000000-0.", param, ctx)
        return value


@click.group("dead-letters", cls=_RedisGroup)
@with_appcontext
def dead_letters() -> None:
    """List, replay or drop events that could not be recorded."""


@dead_letters.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="Most letters to show.")
@with_appcontext
def list_dead_letters(limit: int) -> None:
    """Show the oldest ones, a line of JSON each."""
    journal = current_journal()
    for letter in journal.dead_letters(limit):
        click.echo(_line(letter))
    click.echo(f"{journal.count_dead_letters()} in all.", err=True)


@dead_letters.command("replay")
@click.argument("ids", nargs=-1, type=_LetterId())
@click.option("--all", "everything", is_flag=True, help="Every one, instead of IDS.")
@with_appcontext
def replay_dead_letters(ids: tuple[str, ...], everything: bool) -> None:
    """Put them back into the journal, to be counted once now that the cause is gone."""
    journal = current_journal()
    replayed = sum(journal.replay(chunk) for chunk in _chosen(ids, everything))
    wake_worker()
    click.echo(f"Replayed {replayed}.")


@dead_letters.command("drop")
@click.argument("ids", nargs=-1, type=_LetterId())
@click.option("--all", "everything", is_flag=True, help="Every one, instead of IDS.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def drop_dead_letters(ids: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Give them up for good: they will never be counted."""
    journal = current_journal()
    if not yes:
        click.confirm(f"Drop {journal.count_dead_letters() if everything else len(ids)} for good?", abort=True)
    click.echo(f"Dropped {sum(journal.drop(chunk) for chunk in _chosen(ids, everything))}.")


def _chosen(ids: tuple[str, ...], everything: bool) -> Iterator[list[str]]:
    """The ids of the chosen letters, in chunks. Letters parked after `--all` listed them are left alone."""
    if everything == bool(ids):
        raise click.UsageError("Name the ids of dead letters, or pass --all.")
    chosen = list(ids)
    if everything:
        journal = current_journal()
        chosen = [letter.letter_id for letter in journal.dead_letters(journal.count_dead_letters())]
    for start in range(0, len(chosen), BATCH_SIZE):
        yield chosen[start : start + BATCH_SIZE]


def _line(letter: DeadLetter) -> str:
    parked_at = utc_time(letter.parked_at).isoformat()
    return json.dumps({"id": letter.letter_id, "reason": letter.reason, "parkedAt": parked_at, "entry": letter.fields})
