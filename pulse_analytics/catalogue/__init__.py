"""The catalogue: titles, pages and tags of videos, written by their owner and never by a report.

views.py     PUT, DELETE and GET /admin/videos: parse, call, answer
commands.py  `pulse videos import`
files.py     the rows of a CSV or JSON file
schemas.py   JSON as entries, or 400
storage.py   the only module that writes the tables
search.py    the videos whose title has some words
words.py     the words of a text, as both databases index them
entries.py   what the catalogue holds about a video
"""
