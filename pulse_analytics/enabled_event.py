"""The name of an event type in a request: one that PULSE_EVENTS enables."""

from __future__ import annotations

from marshmallow import ValidationError

from pulse_analytics.config import current_settings


class EnabledEvent:
    """Accepts the event types of PULSE_EVENTS. apispec writes its `choices` as an enum."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The names that are accepted."""
        return current_settings().events

    def __call__(self, name: str) -> None:
        """Raise ValidationError unless `name` is one of them."""
        if name not in self.choices:
            raise ValidationError(f"Must be one of: {', '.join(self.choices)}.")
