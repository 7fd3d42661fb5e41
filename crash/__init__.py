"""The crash harness (fault injection): the whole stack, clients that behave like the player, random harm, a verdict.

See README.md for the map.
"""
