"""The end of raw events: they are deleted, and their counts stay. And of plain user ids: they become keyed hashes.

archive.py               delete raw events, and add them up into the archive
expire.py                choose those that were received too long ago
expire_command.py        `pulse expire`
tasks.py                 the workers' own `pulse expire`, once a day, in short runs
pseudonymise.py          replace plain user ids by their keyed hash
pseudonymise_command.py  `pulse pseudonymise`
"""
