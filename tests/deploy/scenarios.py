#!/usr/bin/env python3
"""Runs scenarios: functions of a World, several at a time because they mostly wait.

usage: scenarios.py MLOPSCTL MODULE[,MODULE…] [NAME…]
"""

import concurrent.futures
import importlib
import os
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from servers import World

AT_A_TIME = 10
LONG = ("frozen-deployer-does-no-harm", "gates-and-hooks", "frozen-api-server", "rollback-to-the-last-successful-release",
        "blue-green-switch-and-back")


def run(name, scenario, world):
    start = time.monotonic()
    try:
        scenario(world)
        return name, None, time.monotonic() - start
    except Exception:  # whatever it is, the others go on
        return name, traceback.format_exc(), time.monotonic() - start


def main():
    mlopsctl, modules, *names = sys.argv[1:]
    for tool, package in (("kubectl", "kubernetes-client"), ("prometheus", "prometheus")):
        if not shutil.which(tool):
            print(f"skipped: no {tool}: apt-get install {package}")
            return 77
    known = {}
    for module in modules.split(","):
        known.update(importlib.import_module(module).SCENARIOS)
    assert all(name in known for name in names), f"there are {', '.join(known)}"
    chosen = [(name, case) for name, case in known.items() if not names or name in names]
    chosen.sort(key=lambda one: one[0] not in LONG)  # the longest first, so that none is left alone at the end
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mlopsctl-deploy."))
    world = World(mlopsctl, folder)
    failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("AT_A_TIME", AT_A_TIME))) as pool:
            for done in concurrent.futures.as_completed([pool.submit(run, *one, world) for one in chosen]):
                name, problem, seconds = done.result()
                failed += problem is not None
                print(f"{'FAIL' if problem else 'ok  '} {name} ({seconds:.1f} s)", flush=True)
                if problem:
                    print("     " + problem.replace("\n", "\n     "), flush=True)
    finally:
        world.stop()
        if failed:
            print(f"logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


class Scenarios(dict):
    """@SCENARIOS.add adds a function under its name, with dashes."""

    def add(self, function):
        self[function.__name__.replace("_", "-")] = function
        return function


if __name__ == "__main__":
    sys.exit(main())
