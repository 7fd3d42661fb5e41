"""The plan is a pure function of the seed, and every harm occurs in some plan."""

from __future__ import annotations

import pytest

from crash.errands import COMMANDS
from crash.harms import KINDS
from crash.plan import DATABASES, ERRANDS, add_errands, make_plan, targets

SEEDS = range(600)


@pytest.mark.parametrize("database", DATABASES)
def test_the_same_seed_gives_the_same_plan(database: str) -> None:
    plans = [make_plan(seed, database, can_fill=True) for seed in SEEDS]
    assert plans == [make_plan(seed, database, can_fill=True) for seed in SEEDS]
    assert len({plan.harms for plan in plans}) == len(plans)


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("can_fill", [True, False])
def test_every_harm_to_every_target_occurs_in_some_plan(database: str, can_fill: bool) -> None:
    plans = [make_plan(seed, database, can_fill=can_fill) for seed in SEEDS]
    done = {(harm.kind, harm.target) for plan in plans for harm in plan.harms}
    possible = {(kind, target) for kind, names in targets(database, can_fill=can_fill).items() for target in names}
    assert done == possible | {("migrate", "head")}
    assert ("fill disk", "valkey") in done or not can_fill


def test_every_kind_of_harm_is_implemented() -> None:
    assert set(KINDS) == {*targets("postgresql", can_fill=True), *ERRANDS, "change key", "keep unsettled"}


@pytest.mark.parametrize("database", DATABASES)
def test_a_database_that_starts_at_an_old_migration_is_upgraded_while_events_flow(database: str) -> None:
    for seed in SEEDS:
        plan = make_plan(seed, database, can_fill=True)
        upgrades = [harm.at for harm in plan.harms if (harm.kind, harm.target) == ("migrate", "head")]
        assert len(upgrades) == (plan.revision != "head")
        assert all(at < plan.seconds for at in upgrades)


@pytest.mark.parametrize("database", DATABASES)
def test_errands_are_added_to_the_harms_of_the_same_seed(database: str) -> None:
    plain = [make_plan(seed, database, can_fill=True) for seed in SEEDS]
    plans = [add_errands(plan) for plan in plain]
    assert plans == [add_errands(plan) for plan in plain]
    assert {(harm.kind, harm.target) for plan in plans for harm in plan.harms if harm.kind in ERRANDS} == {
        (kind, target) for kind, targets in ERRANDS.items() for target in targets
    }
    for before, plan in zip(plain, plans, strict=True):
        assert plan.revision == "head", "The commands need the newest tables."
        assert {harm for harm in before.harms if harm.target != "head"} < set(plan.harms)


@pytest.mark.parametrize("database", DATABASES)
def test_user_ids_are_pseudonymised_only_in_plans_where_the_key_changes(database: str) -> None:
    for seed in SEEDS:
        plan = add_errands(make_plan(seed, database, can_fill=True))
        kinds = {harm.kind for harm in plan.harms}
        assert ("change key" in kinds) == plan.keyed
        assert plan.keyed or "pseudonymise" not in kinds


def test_every_errand_is_a_command() -> None:
    assert set(ERRANDS) == set(COMMANDS)
