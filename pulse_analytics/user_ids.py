"""User ids as keyed hashes (PULSE_USER_ID_KEY): what is stored instead of the id that a player sends. Pure: no I/O.

A form is what a user id becomes under one key: `keyed.`, the key's fingerprint, and a keyed BLAKE2b of the id. The same
id has the same form everywhere, or a viewer could be neither deduplicated nor erased.

Threat model: a reader of database, Redis, backups or logs who lacks the key learns no id, and cannot test a guess. A
reader who has the key and a list of ids can compute all their forms. So forms are pseudonyms, not anonymous, and the
key is kept apart from the data. Without it, nobody can find a user's events again.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self

from pulse_analytics.credentials import HOW_TO_MAKE
from pulse_analytics.errors import ConfigError
from pulse_analytics.events import Event, event_id

NAME = "PULSE_USER_ID_KEY"
PLAIN = "plain"
"""The word that stands for the id itself among the keys."""
SHORTEST_KEY = 32
"""Characters. A reader who knows one id and its form can test guesses of the key on it, without a limit."""

PREFIX = "keyed."
_DIGEST_BYTES = 18
"""144 bits: 24 characters of base64, without padding."""
FORM_LENGTH = len(PREFIX) + 8 + 1 + 24
"""`keyed.`, 8 hexadecimal digits of the key's fingerprint, a dot, the digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedEvent(Event):
    """An event if PULSE_USER_ID_KEY names several keys."""

    other_user_ids: tuple[str, ...]
    """Its viewer's other forms, which another web process may have counted."""


@dataclass(frozen=True, slots=True)
class _Key:
    begin: str
    """How each form begins."""
    secret: bytes = field(repr=False)

    def form(self, user_id: str) -> str:
        """What this user id becomes."""
        # A dead letter of another system may hold a lone surrogate.
        text = user_id.encode(errors="surrogatepass")
        digest = blake2b(text, digest_size=_DIGEST_BYTES, key=self.secret, person=b"pulse user id").digest()
        return self.begin + urlsafe_b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class UserIds:
    """What user ids are stored as, and what else they may have been stored as."""

    keys: tuple[_Key | None, ...] = (None,)
    """The first one is used, and the others are looked up. None: the id itself."""
    text: str = field(default="", repr=False)
    """The setting as it was spelled."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the value of PULSE_USER_ID_KEY: keys, and perhaps `plain`, separated by spaces or commas.

        Raises ConfigError, which never quotes a key.
        """
        words = text.replace(",", " ").split()
        if words == [PLAIN]:
            raise ConfigError(f"{NAME} names no key, only `plain`: unset it, or add a key.")
        for number, word in enumerate(words, start=1):
            if word != PLAIN and len(word) < SHORTEST_KEY:
                raise ConfigError(
                    f"Key {number} of {NAME} is too short: a key has at least {SHORTEST_KEY} characters. {HOW_TO_MAKE}"
                )
            if word in words[: number - 1]:
                raise ConfigError(f"Key {number} of {NAME} is there twice: name each key once.")
        return cls(tuple(None if word == PLAIN else _key(word) for word in words) or (None,), text)

    @property
    def on(self) -> bool:
        """Whether PULSE_USER_ID_KEY is set."""
        return self.keys != (None,)

    @property
    def stores_plain(self) -> bool:
        """Whether ids are stored as they are sent."""
        return self.keys[0] is None

    def stored(self, user_id: str) -> str:
        """The form in which this user id is stored."""
        return _form(self.keys[0], user_id)

    def others(self, user_id: str) -> tuple[str, ...]:
        """The other forms under which another web process may have counted it."""
        return tuple([_form(key, user_id) for key in self.keys[1:]])

    def all_forms(self, user_id: str) -> list[str]:
        """Every form under which something of this user may be stored, each once: those of all keys, and the id."""
        return list(dict.fromkeys([self.stored(user_id), *self.others(user_id), user_id]))

    def event(self, *, video_id: str, event: str, user_id: str, ts: int, received_at: int) -> Event:
        """The event of a valid report. Nothing in it holds the id that was sent, unless `plain` is among the keys."""
        stored = self.stored(user_id)
        number = event_id(video_id, event, stored, ts)
        if len(self.keys) == 1:
            return Event(id=number, video_id=video_id, event=event, user_id=stored, ts=ts, received_at=received_at)
        return KeyedEvent(
            id=number,
            video_id=video_id,
            event=event,
            user_id=stored,
            ts=ts,
            received_at=received_at,
            other_user_ids=self.others(user_id),
        )

    @staticmethod
    def is_keyed(stored: str) -> bool:
        """Whether a stored user id is a form under some key, of the setting or not."""
        return len(stored) == FORM_LENGTH and stored.startswith(PREFIX)


def _key(word: str) -> _Key:
    secret = blake2b(word.encode(), digest_size=32, person=b"pulse user key").digest()
    fingerprint = blake2b(digest_size=4, key=secret, person=b"pulse key print").hexdigest()
    return _Key(f"{PREFIX}{fingerprint}.", secret)


def _form(key: _Key | None, user_id: str) -> str:
    return user_id if key is None else key.form(user_id)
