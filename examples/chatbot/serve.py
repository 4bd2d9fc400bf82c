"""Serves a chatbot with OpenAI's API: /health, /v1/models, /v1/chat/completions, /v1/completions.

Python 3, standard library only. SIGTERM lets requests that are under way end.
"""
import argparse
import http.server
import json
import os
import pathlib
import signal
import threading

from model import Model
from train import talk

SEED = 1


def answer(server, path, request):
    if path.endswith("/chat/completions"):
        prompt = request["messages"][-1]["content"]
        choice = {"message": {"role": "assistant", "content": talk(server.model, prompt, SEED)}}
    else:
        choice = {"text": talk(server.model, request["prompt"], SEED)}
    return {"object": "chat.completion" if "message" in choice else "text_completion",
            "model": server.name, "choices": [{"index": 0, "finish_reason": "stop", **choice}]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/health":
            self.reply(200, {"status": "ok", "model": self.server.name})
        elif self.path == "/v1/models":
            self.reply(200, {"object": "list", "data": [{"id": self.server.name, "object": "model"}]})
        else:
            self.reply(404, {"error": {"message": f"there is no {self.path}"}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path not in ("/v1/completions", "/v1/chat/completions"):
            self.reply(404, {"error": {"message": f"there is no {self.path}"}})
            return
        try:
            reply = answer(self.server, self.path, json.loads(body))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            self.reply(400, {"error": {"message": f"not a request: {error!r}"}})
            return
        self.reply(200, reply)

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=os.environ.get("MODEL", "work/trigram-cache"),
                        help="folder with model.json")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8000, help="0 for a free one")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer((options.host, options.port), Handler)
    server.model = Model.load(pathlib.Path(options.model) / "model.json")
    server.name = pathlib.Path(options.model).name
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"serving {server.name} on port {server.server_address[1]}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
