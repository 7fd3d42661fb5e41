"""The crash harness: the whole stack, clients that behave like the player, harm at random, then the accounts.

README.md is its map.
"""
