"""The web process apart from ingest and reports: pages, health, sessions, errors as answers, and slow clients.

admin.py      /admin/analytics: one guard for every report below it
sign_in.py    GET, POST, DELETE /admin/session
guard.py      who may use the admin API
sessions.py   a browser's session: a signed cookie
session_key.py    the key that signs it
wrong_tokens.py   wrong admin tokens: counted, limited and logged
pages.py      the built site: the demo site, and the admin page
health.py     GET /healthz, GET /readyz
openapi/      GET /openapi.json, and GET /docs, the same as a page
cors.py       the sites whose players may post to /analytics
problems.py   errors as answers: RFC 9457 problem+json
client.py     the client's address, scheme and host, and which proxies are trusted to name them
security_headers.py  the security headers of every answer
application.py    the ASGI application: the express lane in front of Flask
wsgi_adapter.py   runs the Flask application on an ASGI server, so that a slow client holds no thread
environ.py    an ASGI request as a WSGI environ
heart.py      which web processes are alive, and which of them accepts connections
protocol.py   uvicorn's HTTP/1.1, with deadlines and limits
"""
