"""The API, described: GET /openapi.json for programs, GET /docs for people.

views.py       the two routes
document.py    OpenAPI 3.1 of the routes that the application has
page.py        the document as a page
operations.py  what each route takes and answers; a route that is missing here fails a test
parts.py       what several of them share: errors, and the shorthands for writing them down
answers.py     what bodies of answers look like

What a request may hold is not said here: it comes from the schemas that requests are checked with.
"""
