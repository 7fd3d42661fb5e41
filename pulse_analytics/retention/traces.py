"""Under which ids a user is known, and which raw events that makes theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse_analytics.config import current_settings
from pulse_analytics.database.models import video_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement


def forms_of(user_id: str) -> list[str]:
    """Every form in which the id of this user may be stored."""
    return current_settings().user_ids.all_forms(user_id)


def are_of(forms: Sequence[str]) -> ColumnElement[bool]:
    """The condition that raw events are of this user."""
    return video_events.c.user_id.in_(forms)
