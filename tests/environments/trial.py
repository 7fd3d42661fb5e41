"""One environment, from the start of its servers to the verdict."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from tests.environments.deployment import deployed
from tests.facts import wait_until
from tests.servers.debian import Missing

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from crash.parts import Part
    from tests.environments.catalogue import Running
    from tests.environments.deployment import Deployment

FIRST_SECONDS = 30.0
SIMULATION_SECONDS = 120.0
TICK_SECONDS = 0.05


class Outcome(NamedTuple):
    """A row of the table."""

    name: str
    versions: str = ""
    accepted: tuple[int, ...] = ()
    """By each deployment."""
    counted: tuple[int, ...] = ()
    killed: str = ""
    audit: str = ""
    left_out: str = ""
    """Why it was not tried."""
    faults: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """The verdict in one or two words."""
        return f"left out: {self.left_out}" if self.left_out else "; ".join(self.faults) or "holds"


def try_out(name: str, start: Callable[[Path], AbstractContextManager[Running]], folder: Path) -> Outcome:
    """Start the servers and the application in `folder`, let events flow, kill one process, and compare."""
    with ExitStack() as stop:
        try:
            running = stop.enter_context(start(folder))
        except Missing as missing:
            return Outcome(name, left_out=str(missing))
        deployments = [
            stop.enter_context(deployed(folder / f"deployment{number}", *urls, running.settings))
            for number, urls in enumerate(zip(running.redis_urls, running.database_urls, strict=True))
        ]
        victim = running.victim or deployments[0].worker
        faults = _play(deployments, victim, running)
        audits = [deployment.audit() for deployment in deployments]
        faults += [f"{words} in a worker's log" for deployment in deployments for words in deployment.failures()]
        return _judge(
            Outcome(
                name,
                running.versions(),
                accepted=tuple(audit.accepted for audit in audits),
                counted=tuple(audit.counted for audit in audits),
                killed=victim.name,
                audit="closed" if all(audit.closed for audit in audits) else "not closed",
                faults=tuple(faults),
            )
        )


def _play(deployments: list[Deployment], victim: Part, running: Running) -> list[str]:
    """Simulate a day on each, and kill the victim as soon as the first one counts. Returns the faults."""
    simulations = [deployment.simulate(seed) for seed, deployment in enumerate(deployments, 1)]
    wait_until(lambda: _counts(running.postgresql.url("pulse")), FIRST_SECONDS)
    time.sleep(1)  # In the middle of it.
    victim.kill()
    deadline = time.monotonic() + SIMULATION_SECONDS
    while any(simulation.poll() is None for simulation in simulations) and time.monotonic() < deadline:
        if running.comes_back:
            victim.supervise()
        time.sleep(TICK_SECONDS)
    faults = [f"simulate: exit code {code}" for each in simulations if (code := each.poll()) != 0]
    for simulation in simulations:
        simulation.kill()
        simulation.communicate()
    if running.comes_back and not (victim.starts == 2 and victim.is_ready()):
        faults.append(f"{victim.name} did not come back")
    return faults


def _counts(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT 1 FROM video_events LIMIT 1").fetchone() is not None


def _judge(outcome: Outcome) -> Outcome:
    """Add the figures that do not agree to the faults."""
    faults = list(outcome.faults)
    if outcome.counted != outcome.accepted or not all(outcome.accepted):
        faults.append("not all was counted")
    if outcome.audit != "closed":
        faults.append("the audit objects")
    return outcome._replace(faults=tuple(faults))
