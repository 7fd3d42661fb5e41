"""The requests, one module for each subject; groups do not depend on each other."""

from __future__ import annotations

from tests.contract.catalogue import (
    batch,
    bodies,
    cors,
    credentials,
    days,
    export,
    health,
    live,
    methods,
    ranking,
    reports,
    sessions,
    site,
    trouble,
    unknown_parameters,
    videos,
)

GROUPS = [
    *reports.GROUPS,
    *bodies.GROUPS,
    *batch.GROUPS,
    *cors.GROUPS,
    *health.GROUPS,
    *ranking.GROUPS,
    *videos.GROUPS,
    *days.GROUPS,
    *export.GROUPS,
    *live.GROUPS,
    *credentials.GROUPS,
    *sessions.GROUPS,
    *site.GROUPS,
    *methods.GROUPS,
    *unknown_parameters.GROUPS,
    # The last: it takes the database's tables away.
    *trouble.GROUPS,
]
