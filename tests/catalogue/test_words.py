"""The words of a title, as both databases index them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_analytics.catalogue.words import LONGEST_WORD, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("!?", []),
        ("Intro to WebRTC", ["intro", "to", "webrtc"]),
        ("intro.mp4", ["intro", "mp4"]),
        ("wi-fi snake_case v1.2", ["wi", "fi", "snake", "case", "v1", "2"]),
        ("again Again AGAIN", ["again"]),
        ("Ärger in Ålesund", ["arger", "in", "alesund"]),
        ("Straße", ["strasse"]),
        ("\ufb01lm", ["film"]),
        ("<b>=1+1</b>", ["b", "1"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("東京 2026", ["東京", "2026"]),
        ("x" * 500, ["x" * LONGEST_WORD]),
    ],
)
def test_the_words_of_a_text_are_its_letters_and_digits_without_case_and_accents(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text(max_size=500))
def test_the_words_of_words_are_these_words(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert words_of(text.upper()) == words_of(text.upper().lower())
