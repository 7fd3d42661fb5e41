"""The crash harness itself, tested."""
