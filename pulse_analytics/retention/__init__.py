"""The end of raw events: they are deleted, and their counts stay. The end of a person's data: no trace of them is left.
And the end of plain user ids: they become keyed hashes.

archive.py               delete raw events, and add them up into the archive
progress.py              a progress bar over all raw events
expire.py                choose those that were received too long ago
expire_command.py        `pulse expire`
expire_task.py           the workers' own `pulse expire`, once a day, in short runs
traces.py                under which ids a user is known
receipts.py              the table of erasures
forget.py                erase every trace of one user, part by part
forget_task.py           the Celery task of an erasure
export.py                everything that is held about one user
commands.py              `pulse forget` and `pulse export-user`
views.py                 DELETE /admin/users/<userId>, GET /admin/erasures/<id>
pseudonymise.py          replace plain user ids by their keyed hash
pseudonymise_command.py  `pulse pseudonymise`
"""
