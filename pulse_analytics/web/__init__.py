"""What the web process is besides its two paths: pages, health, sessions, errors as answers, and slow clients.

admin.py      /admin/analytics: one guard for every report below it
sign_in.py    GET, POST, DELETE /admin/session
guard.py      who may use the admin API
sessions.py   a browser's session: a signed cookie
session_key.py    what signs it
wrong_tokens.py   wrong admin tokens: counted, limited and logged
pages.py      the built site: the demo site, and the admin page
health.py     GET /healthz, GET /readyz
openapi/      GET /openapi.json, and GET /docs, the same as a page
cors.py       which sites' players may post to /analytics
problems.py   errors as answers: RFC 9457 problem+json
client.py     who asks, by which scheme, for which host: what is believed of proxies
security_headers.py  the same on every answer
application.py    the whole as an ASGI server calls it
wsgi_adapter.py   runs the Flask application on the event loop's server; a slow client holds no thread
environ.py    an ASGI request as a WSGI application knows it
heart.py      whose turn it is to accept connections, and who lives
protocol.py   uvicorn's HTTP/1.1, with deadlines and limits
"""
