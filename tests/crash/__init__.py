"""Tests of the crash harness itself."""
