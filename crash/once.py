"""One run, from start to verdict."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from crash.audit import audit
from crash.clients import Crowd, Habits
from crash.diary import keep_diary
from crash.errands import SETTINGS
from crash.evidence import Evidence
from crash.found import find, is_drained
from crash.harms import KINDS, goes_on
from crash.judge import Verdict, judge
from crash.plan import FANS, WEBS
from crash.pulse import prepare
from crash.stack import TICK_SECONDS, Stack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from crash.database import Database
    from crash.found import Found
    from crash.plan import Plan
    from crash.proxy import Network

DRAIN_SECONDS = 75.0
"""How long after healing everything may take to be answered and counted: more than a worker's longest back-off and
time limit together."""
RETURN_SECONDS = 35.0
"""How much longer each part may take to be ready again."""


@dataclass(kw_only=True)
class Outcome:
    """The result of a run."""

    seed: int
    database: str
    verdict: str
    faults: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    duplicates: int = 0
    attempts: int = 0
    unknown: int = 0
    kills: int = 0
    """How many processes were sent SIGKILL."""
    harms: dict[str, int] = field(default_factory=dict)
    archived: int = 0
    """How many raw events were deleted while their counts stayed."""
    erased: int = 0
    """How many were deleted together with their counts."""
    counted_seconds: float = 0.0
    """From healing until everything was counted."""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether there was no fault."""
        return not self.faults


class Run:
    """One run of `plan`, with its files in `folder`."""

    def __init__(self, plan: Plan, folder: Path, database: Database, network: Network, *, can_fill: bool) -> None:
        self.plan = plan
        self.evidence = Evidence(keyed=plan.keyed)
        self._database = database
        self._found: Found | None = None
        settings = SETTINGS if plan.with_errands else {}
        self._stack = Stack(folder, database, network, settings, can_fill=can_fill, keyed=plan.keyed)

    def run(self) -> tuple[Outcome, Verdict]:
        """Start, harm, heal, wait, judge, end."""
        started = time.monotonic()
        if self.plan.with_errands:
            prepare()
            keep_diary(self._database)
        with self._stack as stack:
            ports = [stack.links[f"client>{web}"].port for web in WEBS]
            habits = Habits(fans=FANS if self.plan.with_errands else ())
            crowd = Crowd(ports, self.evidence, self.plan.seed, habits)
            try:
                crowd.start()
                self._harm()
                crowd.leave()
                healed = time.monotonic()
                stack.heal()
                stack.wait_until(lambda: crowd.is_gone() and is_drained(stack.redis), DRAIN_SECONDS)
                counted_seconds = time.monotonic() - healed
            finally:
                crowd.end()
            if self.plan.with_errands:
                kinds = ["expire", "pseudonymise"] if self.plan.keyed else ["expire"]
                stack.errands.finish(kinds, stack.wait_until)
            verdict = self._judge()
        return self._outcome(verdict, counted_seconds, time.monotonic() - started), verdict

    def _harm(self) -> None:
        """Do all harms of the plan, each at its time, and undo those that still last at the end."""
        began, due = time.monotonic(), deque(self.plan.harms)
        active: list[Iterator[None]] = []
        try:
            while (elapsed := time.monotonic() - began) < self.plan.seconds:
                while due and due[0].at <= elapsed:
                    harm = due.popleft()
                    active.append(KINDS[harm.kind](self._stack, harm))
                active = [harm for harm in active if goes_on(harm)]
                self._stack.supervise()
                time.sleep(TICK_SECONDS)
        finally:
            for generator in active:
                cast("Generator[None]", generator).close()

    def _judge(self) -> Verdict:
        parts = self._stack.parts.items()
        gone = [name for name, part in parts if not self._stack.wait_until(part.is_ready, RETURN_SECONDS)]
        verdict = Verdict()
        # Without either of these there is nothing to compare.
        if not {"valkey", "database"}.intersection(gone):
            self._found = find(self._stack.redis, self._stack.database, with_diary=self.plan.with_errands)
            verdict = judge(self.evidence, self._found, self._stack.errands.done, keys_kept=self._keys_kept())
            if objection := audit(self._stack.direct_env):
                verdict.add("audit", objection)
        for name in gone:
            verdict.add("never came back", name)
        return verdict

    def _keys_kept(self) -> bool:
        """Whether no harm of the plan removes dedupe keys."""
        return not any(harm.kind == "unlink" or harm.target == "volatile-ttl" for harm in self.plan.harms)

    def _outcome(self, verdict: Verdict, counted_seconds: float, seconds: float) -> Outcome:
        evidence = self.evidence
        return Outcome(
            seed=self.plan.seed,
            database=self.plan.database,
            verdict=str(verdict),
            faults=dict(verdict.counts),
            accepted=evidence.count("queued"),
            duplicates=evidence.count("duplicate"),
            attempts=sum(evidence.statuses.values()),
            unknown=evidence.count("unknown"),
            kills=self._stack.kills + sum(errand.is_killed for errand in self._stack.errands.done),
            harms=dict(Counter(harm.kind for harm in self.plan.harms)),
            archived=self._found.archived.total() if self._found else 0,
            erased=self._found.erased if self._found else 0,
            counted_seconds=round(counted_seconds, 1),
            seconds=round(seconds, 1),
        )
