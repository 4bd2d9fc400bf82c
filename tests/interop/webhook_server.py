#!/usr/bin/env python3
"""A receiver of webhooks: webhook_server.py LOG PORTFILE

Writes each call as a line of JSON. The first call below /services is told to come back in a second,
as Slack does; everything below /broken fails.
"""
import http.server
import json
import sys

log, port_file = sys.argv[1:3]
calls = 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global calls
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status = 500 if self.path.startswith("/broken") else 200
        if self.path.startswith("/services"):
            calls += 1
            status = 429 if calls == 1 else 200
        with open(log, "a", encoding="utf-8") as out:
            out.write(json.dumps({"path": self.path, "status": status, "body": body}) + "\n")
        answer = b"ok" if status == 200 else b"no luck with " + self.path.encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(port_file, "w", encoding="utf-8") as out:
    out.write(str(server.server_port))
server.serve_forever()
