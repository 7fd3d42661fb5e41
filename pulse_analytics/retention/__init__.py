"""The end of raw events: they are deleted, and their counts stay.

archive.py         delete raw events, and add them up into the archive
expire.py          choose those that were received too long ago
expire_command.py  `pulse expire`
tasks.py           the workers' own `pulse expire`, once a day, in short runs
"""
