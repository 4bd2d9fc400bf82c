#!/usr/bin/env python3
"""kill -9 of mlopsctl at random moments of every strategy, then resume or abort by another process; some of
those are killed as well. Each time everything must end in one version serving, at full size, with
nothing left over and no request failed.

usage: kills.py MLOPSCTL KILLS [SEED]
"""

import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback

from app import App
from servers import World, http, wait_until

# How long a deployment of each takes here, about: the kills are spread over it and a little more.
SECONDS = {"rolling": 7, "blue-green": 8, "canary": 12}
CANARY = {"interval": "500ms", "threshold": 2, "maxWeight": 50, "stepWeight": 25}
BAD = ("crash", "missing")
# Killed before it began anything, or after everything; and rollbacks when there is nothing to go back to.
NOTHING_TO_DO = ("goes on (", "known to have been good", "nothing to go back to")
REPLICAS = 3


class Board:
    """What came of it, from all workers."""

    def __init__(self, kills):
        self.lock, self.left = threading.Lock(), kills
        self.phases, self.ends, self.problems = collections.Counter(), collections.Counter(), []
        self.rounds = self.requests = 0

    def take(self):
        with self.lock:
            return self.left > 0 and not self.problems

    def killed(self, strategy, phase):
        with self.lock:
            self.left -= 1
            self.phases[(strategy, phase)] += 1

    def ended(self, how):
        with self.lock:
            self.ends[how] += 1


class Worker:
    def __init__(self, world, number, strategy, seed, board):
        self.random, self.board, self.strategy = random.Random(seed), board, strategy
        self.app = App(world, f"kills-{number}", strategy, replicas=REPLICAS, rate=200, canary=CANARY, prometheus=None,
                       blueGreen={"settle": "1s", "keepOld": "1s"},
                       budgets={"rollout": "15s", "imagePullGrace": "1s", "configGrace": "1s"})
        self.serving, self.number = "1", 1

    def start_something(self):
        """A deployment, mostly of a good version; or a rollback."""
        if self.number > 3 and self.random.random() < 0.2:
            return "rollback", self.app.start("rollback", "--yes")
        self.number += 1
        tag = str(self.number)
        if self.random.random() < 0.2:
            tag += "-" + self.random.choice(BAD)
        return tag, self.app.start_deploy(tag)

    def kill_at_some_time(self, process, before=None):
        """False if it was faster. Mostly when it has begun: its state is another than `before`."""
        wait = before is not None and self.random.random() < 0.9
        while wait and process.process.poll() is None and self.app.state().get("id", "") == before:
            time.sleep(0.05)
        end = time.monotonic() + self.random.uniform(0.02, SECONDS[self.strategy])
        while time.monotonic() < end:
            if process.process.poll() is not None:
                return False
            time.sleep(0.005)
        process.process.kill()
        phase = self.app.state().get("phase", "before the state")
        process.process.communicate()
        self.board.killed(self.strategy, phase)
        return True

    def round(self):
        story = []
        before = self.app.state().get("id", "")
        what, process = self.start_something()
        story.append(what)
        while self.kill_at_some_time(process, before):
            before = None
            verb = self.random.choice(("resume", "abort"))
            story += [f"killed in {self.app.state().get('phase')}", verb]
            process = self.app.start("deploy", verb)
            if self.random.random() < 0.7:
                break
        outcome = process.end(timeout=180)
        story.append(f"{outcome.code}")
        try:
            self.check(what, outcome)
        except Exception as problem:
            raise AssertionError(f"{self.app.name_space}, {self.strategy}: {' > '.join(story)}\n{outcome}"
                                 f"\nserving: {self.app.serving()}, before: {self.serving}\n{self.essence()}"
                                 ) from problem

    def essence(self):
        state = self.app.state()
        return {key: state.get(key) for key in ("phase", "outcome", "reason", "weight", "strategy", "notes")}

    def check(self, what, outcome):
        nothing = any(text in outcome.err for text in NOTHING_TO_DO)
        assert outcome.code in (0, 3) or nothing, "an end that is none"
        self.board.ended({0: "live", 3: "rolled back"}.get(outcome.code, "nothing to go on with"))
        tags = wait_until("one version serving", lambda: (lambda found: found if len(found) == 1 else None)(
            self.app.serving()), 20)
        now_serving = next(iter(tags))
        assert not any(bad in now_serving for bad in BAD), "a bad version serves"
        if outcome.code == 3:
            assert now_serving == self.serving, "rolled back, but not to what served"
        if outcome.code == 0 and what not in ("rollback", self.serving):
            assert now_serving == what, "live, but not what was deployed"
        # Killed before it began anything, it may have left a lock; the next deployment shows that it is no hindrance.
        self.app.settled(now_serving, dead_lock=nothing)
        wait_until("all pods of it", lambda: self.app.serving().get(now_serving) == REPLICAS)
        wait_until("no pods of others", lambda: self.app.tags_of_pods() == {now_serving})
        users = self.app.users()
        assert users["failed"] == 0, users
        http("POST", f"{self.app.world.traffic}/apps/{self.app.name_space}/reset", "")
        with self.board.lock:
            self.board.rounds += 1
            self.board.requests += users["sent"]
        self.serving = now_serving

    def work(self):
        try:
            while self.board.take():
                self.round()
        except Exception:  # noqa: BLE001  one is enough to stop all
            with self.board.lock:
                self.board.problems.append(traceback.format_exc())


def main():
    mlopsctl, kills = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    if not shutil.which("kubectl"):
        print("skipped: no kubectl: apt-get install kubernetes-client")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mlopsctl-kills."))
    world = World(mlopsctl, folder, with_prometheus=False, seed=seed)
    board = Board(kills)
    workers = int(os.environ.get("WORKERS", "6"))
    begin = time.monotonic()
    try:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            strategies = os.environ.get("STRATEGIES", " ".join(SECONDS)).split()
            made = list(pool.map(lambda i: Worker(world, i, strategies[i % len(strategies)], seed * 1000 + i, board),
                                 range(workers)))
            list(pool.map(Worker.work, made))
    finally:
        world.stop()
    print(f"{kills - board.left} kills in {board.rounds} deployments, {time.monotonic() - begin:.0f} s, "
          f"{board.requests} requests of users")
    for (strategy, phase), count in sorted(board.phases.items()):
        print(f"  {strategy:<11} {phase:<18} {count}")
    for how, count in sorted(board.ends.items()):
        print(f"  ended: {how} {count}")
    for problem in board.problems:
        print("FAIL " + problem)
    if not board.problems:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{board.rounds} passed, {len(board.problems)} failed")
    return 1 if board.problems else 0


if __name__ == "__main__":
    sys.exit(main())
