"""The API, described: GET /openapi.json for programs, GET /docs for people.

views.py       the two routes
document.py    OpenAPI 3.1 of the routes that the application has
page.py        the document as a page
operations.py  what each route takes and answers; a route that is missing here fails a test
catalogue.py   the same for the routes of the catalogue
erasures.py    the same for the routes that erase one person's data
examples.py    examples of requests and answers
parts.py       what operations share: errors, and shorthands for writing an operation down
answers.py     the schemas of answers' bodies

The schemas of requests are not written here: they are those that validate requests.
"""
