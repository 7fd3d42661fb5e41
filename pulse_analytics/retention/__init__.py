"""The end of raw events: they are deleted, and their counts stay.

archive.py      delete raw events, and add them up into the archive
"""
