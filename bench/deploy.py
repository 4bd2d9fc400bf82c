"""The figures of deployments, on the simulated cluster with the real kubectl and prometheus.

usage: deploy.py MLOPSCTL [REPEAT]     prints tab-separated rows: what, reach, figure
"""

import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "deploy"))

from app import App  # noqa: E402
from servers import World  # noqa: E402

CANARY = {"interval": "2s", "threshold": 2, "maxWeight": 50, "stepWeight": 10,
          "metrics": [{"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "4s"},
                      {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "4s"}],
          "compareToStable": {"minimumRequests": 100}}


def row(what, reach, figure):
    print(f"{what}\t{reach}\t{figure}", flush=True)


class Measured:
    """One mlopsctl: its kubectl calls, in stretches between pauses: one tick of the loop, or those that need no wait between them."""

    def __init__(self, app, *arguments, code=0):
        log = app.folder / "measured.log"
        log.unlink(missing_ok=True)
        done = subprocess.run([app.world.mlopsctl, *arguments],
                              cwd=app.folder, env={**app.environment, "KUBECTL_LOG": str(log)}, check=False,
                              capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        at = [float(line.split()[0]) for line in log.read_text().splitlines()]
        self.calls = len(at)
        self.stretches = [1]
        for before, now in zip(at, at[1:]):
            if now - before > 0.4:
                self.stretches.append(0)
            self.stretches[-1] += 1

    def per_stretch(self):
        return f"median {statistics.median(self.stretches):g}, most {max(self.stretches)} ({self.calls} calls in {len(self.stretches)} stretches)"


def peak_memory(app, *arguments):
    """In MB, of mlopsctl itself: /usr/bin/time would tell of the largest child, which is kubectl."""
    process = app.start(*arguments)
    peak = 0
    status = pathlib.Path(f"/proc/{process.process.pid}/status")
    while process.process.poll() is None:
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            peak = max(peak, int(lines.get("VmHWM", "0 kB").split()[0]))
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    outcome = process.end()
    assert outcome.code == 0, outcome
    return peak / 1024


def switches(world, repeat):
    app = App(world, "switches", "blue-green", rate=250, blueGreen={"settle": "1s", "keepOld": "5m"})
    current = 1
    for i in range(repeat):
        deploy = app.start_deploy(str(100 + i))
        app.wait_serving([str(100 + i)], 60)
        app.mlopsctl("deploy", "promote", code=0)
        deploy.end(0)
        app.mlopsctl("rollback", "--yes", code=0)
        app.wait_serving([str(current)], 60)
    users = app.users()
    row(f"{repeat} blue-green switches and as many back, 250 requests/s", "0 failed requests",
        f"{users['failed']} of {users['sent']} failed")
    app.leave()


def crash_to_rollback(world, repeat):
    seconds = []
    for i in range(repeat):
        app = App(world, f"crash-{i}", ("rolling", "blue-green", "canary")[i % 3], replicas=10, rate=0, canary=CANARY)
        looping = []

        def look(app=app, looping=looping):
            while not looping:
                for pod in app.api("pods", group="api/v1")["items"]:
                    for one in pod["status"].get("containerStatuses", []):
                        if one["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" and not looping:
                            looping.append(time.monotonic())
                time.sleep(0.05)

        watch = threading.Thread(target=look, daemon=True)
        watch.start()
        deploy = app.start_deploy("2-crash")
        app.wait_state("the rollback", lambda state: state["phase"] in ("rolling-back", "done"))
        begun = time.monotonic()
        deploy.end(3)
        watch.join(5)
        seconds.append(begun - looping[0])
    row("from a crash-looping pod to rollback begun", "≤ 5 s",
        f"median {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s of {repeat}")


def overhead(world):
    app = App(world, "overhead", "canary", replicas=10, canary=CANARY)
    row("kubectl calls between pauses, canary with gates and comparison", "≤ 10 a tick",
        Measured(app, "deploy", "canary", "--image", f"{world.repository}:2").per_stretch())
    row("kubectl calls of deploy status", "≤ 2", Measured(app, "deploy", "status").calls)
    peak = peak_memory(app, "deploy", "canary", "--image", f"{world.repository}:3")
    row("peak memory of mlopsctl, canary", "≤ 50 MB", f"{peak:.0f} MB")
    app.leave()
    for strategy in ("rolling", "blue-green"):
        app = App(world, f"overhead-{strategy}", strategy, rate=0)
        row(f"kubectl calls between pauses, {strategy}", "≤ 10 a tick",
            Measured(app, "deploy", strategy, "--image", f"{world.repository}:2").per_stretch())
        peak = peak_memory(app, "deploy", strategy, "--image", f"{world.repository}:3")
        row(f"peak memory of mlopsctl, {strategy}", "≤ 50 MB", f"{peak:.0f} MB")


def main():
    repeat = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mlopsctl-bench-deploy."))
    world = World(sys.argv[1], folder)
    try:
        switches(world, repeat)
        crash_to_rollback(world, repeat)
        overhead(world)
    finally:
        world.stop()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
