"""What stands around a deployment in these tests: the simulated cluster behind its HTTP API, its
users (sim_traffic), and Debian's prometheus, all on free loopback ports."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until(what, holds, seconds=90.0, every=0.1):
    """The first true answer of holds()."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = holds()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"after {seconds:.0f} s there is still not: {what}")


def http(method, url, body=None, timeout=10):
    """(status, text)."""
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Cluster:
    """One sim_cluster process."""

    def __init__(self, world, name="cluster"):
        self.world, self.name = world, name
        self.port = free_port()
        self.kubeconfig = str(world.folder / f"{name}.kubeconfig")
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = self.world.start(
            [str(self.world.bin / "sim_cluster"), "--port", str(self.port), "--kubeconfig", self.kubeconfig],
            self.name, stdin=subprocess.PIPE)
        wait_until("an answer of sim_cluster", self.alive)
        self.tell("pods", {"url": self.world.traffic})

    def tell(self, what, body):
        """Something happens to the cluster: tests/support/cluster/README.md."""
        status, text = http("POST", f"{self.url}/sim/{what}", body)
        assert status == 200, text

    def kubeconfig_of(self, user, rules):
        """A kubeconfig of somebody who may do only that."""
        self.tell("users", {"name": user, "rules": rules})
        path = pathlib.Path(f"{self.kubeconfig}.{user}")
        config = json.loads(pathlib.Path(self.kubeconfig).read_text())
        config["users"][0]["user"] = {"as": user}
        path.write_text(json.dumps(config))
        return str(path)

    def alive(self):
        with contextlib.suppress(OSError):
            return http("GET", self.url + "/version", timeout=1)[0] == 200

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)


class Line:
    """A connection to a server that can be cut: a kubeconfig that leads through it."""

    def __init__(self, cluster, folder):
        self.target, self.open, self.pairs = cluster.port, True, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kubeconfig = str(pathlib.Path(folder) / "line.kubeconfig")
        text = pathlib.Path(cluster.kubeconfig).read_text()
        pathlib.Path(self.kubeconfig).write_text(text.replace(f":{cluster.port}", f":{self.port}"))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            if not self.open:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            self.pairs.append((near, far))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        self.open = False
        for pair in self.pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self.pairs.clear()

    def mend(self):
        self.open = True


class World:
    """The servers of one test program. Ends what it started."""

    def __init__(self, mlopsctl, folder, with_prometheus=True, seed=1):
        self.mlopsctl = pathlib.Path(mlopsctl).resolve()
        self.bin = self.mlopsctl.parent
        self.folder = pathlib.Path(folder)
        self.started = []
        self.kubectl_log = self.folder / "kubectl.log"
        self.path = self.counting_kubectl()
        self.traffic = self.start_traffic(seed)
        self.cluster = Cluster(self)
        self.repository = self.traffic.removeprefix("http://") + "/chat"
        self.prometheus = self.start_prometheus() if with_prometheus else ""

    def start(self, argv, name, **options):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL),
                                       stdout=options.pop("stdout", log), stderr=log, **options)
        self.started.append(process)
        return process

    def counting_kubectl(self):
        """The real kubectl, behind a script that writes a line for each call."""
        folder = self.folder / "path"
        folder.mkdir()
        script = folder / "kubectl"
        script.write_text('#!/bin/sh\n[ -z "$KUBECTL_LOG" ] || echo "$(date +%s.%N) $PPID $*" >>"$KUBECTL_LOG"\n'
                          f'exec {shutil.which("kubectl")} "$@"\n')
        script.chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    def start_traffic(self, seed):
        process = self.start([str(self.bin / "sim_traffic"), str(seed)], "traffic", stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        return f"http://127.0.0.1:{int(process.stdout.readline())}"

    def start_prometheus(self):
        port = free_port()
        config = self.folder / "prometheus.yaml"
        target = self.traffic.removeprefix("http://")
        config.write_text("global: {scrape_interval: 1s}\n"
                          f"scrape_configs: [{{job_name: pods, static_configs: [{{targets: ['{target}']}}]}}]\n")
        self.start(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'series'}",
                    f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], "prometheus")
        url = f"http://127.0.0.1:{port}"

        def ready():
            with contextlib.suppress(OSError):
                return http("GET", url + "/-/ready", timeout=1)[0] == 200

        wait_until("an answer of prometheus", ready)
        return url

    def stop(self):
        for process in reversed(self.started):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.started:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
