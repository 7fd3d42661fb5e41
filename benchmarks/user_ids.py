"""What PULSE_USER_ID_KEY costs: CPU time of web server and Valkey per report, with no key, and with one to three."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.client import Load, send
from benchmarks.partner import Partner
from benchmarks.place import Place, System
from benchmarks.servers import Server, web_server
from benchmarks.versions import PRESENT

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS = [f"key-number-{number}-of-the-benchmark-of-user-ids" for number in (1, 2, 3)]
CONNECTIONS = 16
VIDEOS = 1000
BATCH = 50


@dataclass
class Variant:
    """A deployment with this many keys, and what its reports cost, in us, round by round."""

    keys: int
    system: System
    server: Server
    web: list[float] = field(default_factory=list)
    valkey: list[float] = field(default_factory=list)

    def measure(self, place: Place, client: Partner, posts: int, batch: int) -> None:
        """Send one round of reports."""
        self.system.redis.flushdb()
        reports = place.reports(posts, VIDEOS)
        load = Load(port=self.server.port, reports=asdict(reports), batch=batch, connections=CONNECTIONS)
        place.calm()
        web, valkey = self.server.cpu_seconds(), valkey_seconds(place)
        send(client, load)()
        self.web.append((self.server.cpu_seconds() - web) / posts * 1e6)
        self.valkey.append((valkey_seconds(place) - valkey) / posts * 1e6)
        assert self.system.facts.waiting() == posts


@click.command()
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1))
@click.option("--posts", default=10_000, show_default=True, type=click.IntRange(1000))
def main(rounds: int, posts: int) -> None:
    """Send single reports, then batches of 50, to each variant in turn, in every round."""
    with tempfile.TemporaryDirectory(prefix="pulse-user-ids-") as folder, ExitStack() as stack:
        place = stack.enter_context(Place(Path(folder)))
        client = stack.enter_context(Partner("benchmarks.client"))
        for batch, count in ((1, posts), (BATCH, 5 * posts)):
            with ExitStack() as each:
                variants = [start(place, each, keys) for keys in range(len(KEYS) + 1)]
                for number in range(rounds + 1):
                    for variant in variants[number % 4 :] + variants[: number % 4]:
                        variant.measure(place, client, count, batch)
                for variant in variants:
                    for costs in (variant.web, variant.valkey):
                        del costs[0]  # The first round warms up.
                click.echo(f"\nbatches of {batch}, {count:,} reports a round, {rounds} rounds")
                for variant in variants:
                    click.echo(f"{variant.keys} keys: web {against(variant.web, variants[0].web)}")
                    click.echo(f"        Valkey {against(variant.valkey, variants[0].valkey)}")


def start(place: Place, stack: ExitStack, keys: int) -> Variant:
    """A deployment with this many keys."""
    changes = {"PULSE_USER_ID_KEY": " ".join(KEYS[:keys])} if keys else {}
    system = stack.enter_context(place.system("sqlite", keys, version=PRESENT, **changes))
    return Variant(keys, system, stack.enter_context(web_server(place.folder, system.env)))


def valkey_seconds(place: Place) -> float:
    """The CPU time that Valkey has used."""
    cpu: Any = place.valkey.info("cpu")
    return float(cpu["used_cpu_sys"] + cpu["used_cpu_user"])


def against(costs: Sequence[float], without: Sequence[float]) -> str:
    """The median in us, and the ratio to a report without a key in the same round."""
    ratios = [cost / base for cost, base in zip(costs, without, strict=True)]
    ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return f"{statistics.median(costs):.1f} us ({min(costs):.1f} to {max(costs):.1f}), ratio {ratio}"


if __name__ == "__main__":
    main()
