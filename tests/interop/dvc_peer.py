"""Real DVC beside mlopsctl in one working tree.

DVC runs in a child that is forked from a process which has imported it already: each call is a
process of its own, as from a shell, without half a second of imports.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

for name in [n for n in os.environ if n.startswith("DVC_") or n.startswith("GIT_")]:
    del os.environ[name]
home = tempfile.mkdtemp(prefix="mlopsctl-dvc-home-")
os.environ.update(
    HOME=home,
    XDG_CONFIG_HOME=home + "/.config",
    DVC_NO_ANALYTICS="1",
    DVC_SITE_CACHE_DIR=home + "/site",
    GIT_CONFIG_NOSYSTEM="1",
    GIT_AUTHOR_NAME="t",
    GIT_AUTHOR_EMAIL="t@t",
    GIT_COMMITTER_NAME="t",
    GIT_COMMITTER_EMAIL="t@t",
)

import dvc.cli  # noqa: E402
import dvc.commands.add  # noqa: E402,F401
import dvc.repo  # noqa: E402,F401


class Failed(Exception):
    pass


class Box:
    """A git working tree with a DVC repository that one of the two has made."""

    def __init__(self, binary, init_by="dvc"):
        self.binary = binary
        self.root = Path(tempfile.mkdtemp(prefix="mlopsctl-dvc-"))
        self.git("init", "-q", "-b", "main")
        self.dvc("init", "-q") if init_by == "dvc" else self.ours("init")
        self.commit()

    def git(self, *argv):
        return subprocess.run(["git", *argv], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def commit(self, message="m"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def dvc(self, *argv, code=0, folder="."):
        """Standard output of `dvc ARGV`; fails unless it ends with this code."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            child = os.fork()
            if child == 0:
                status = 255
                try:
                    os.chdir(self.root / folder)
                    os.dup2(out.fileno(), 1)
                    os.dup2(err.fileno(), 2)
                    status = dvc.cli.main(list(argv)) or 0
                    sys.stdout.flush()
                except BaseException:
                    traceback.print_exc()
                    sys.stderr.flush()
                finally:
                    os._exit(status)
            _, raw = os.waitpid(child, 0)
            got = os.waitstatus_to_exitcode(raw)
            out.seek(0)
            err.seek(0)
            text, errors = out.read(), err.read()
        if got != code:
            raise Failed(f"dvc {' '.join(argv)}: exit code {got}, not {code}\n{text}{errors}")
        return text

    def program(self, *argv, code=0, folder="."):
        """Standard output of `mlopsctl ARGV`; fails unless it ends with this code."""
        done = subprocess.run([self.binary, *argv], cwd=self.root / folder, capture_output=True, text=True)
        if done.returncode != code:
            raise Failed(
                f"mlopsctl {' '.join(argv)}: exit code {done.returncode}, not {code}\n"
                f"{done.stdout}{done.stderr}"
            )
        return done.stdout

    def ours(self, *argv, code=0, folder="."):
        """The same of `mlopsctl data ARGV`."""
        return self.program("data", *argv, code=code, folder=folder)

    def write(self, name, content=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)

    def read(self, name):
        return (self.root / name).read_text()

    def status_dvc(self, *more):
        return json.loads(self.dvc("data", "status", "--json", *more) or "{}")

    def status_ours(self, *more):
        status = json.loads(self.ours("status", "--json", *more))
        del status["schema"]
        return status

    def same_status(self, *more):
        """What both say, if it is the same."""
        ours, theirs = (normal(self.status_ours(*more)), normal(self.status_dvc(*more)))
        if ours != theirs:
            raise Failed(f"data status {' '.join(more)}: ours {ours}, DVC's {theirs}")
        return ours

    def clean(self):
        """Both find nothing to do in the working tree and nothing missing in the cache."""
        for status in (self.status_dvc(), self.status_ours()):
            for group in ("uncommitted", "not_in_cache"):
                if group in status:
                    raise Failed(f"not clean: {status}")
        text = self.dvc("status")
        if "up to date" not in text and "no data or pipelines" not in text:
            raise Failed(f"dvc status: {text}")


def normal(value):
    """The same with lists in one order: neither tool promises any."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def expect(condition, what):
    if not condition:
        raise Failed(what)


def run_cases(cases):
    """Runs MLOPSCTL [NAME…] of the command line; how many cases failed."""
    binary, *names = sys.argv[1:]
    failures = 0
    for function in cases:
        if names and function.__name__ not in names:
            continue
        begin = time.monotonic()
        try:
            function(os.path.abspath(binary))
            word = "ok"
        except Exception as error:
            failures += 1
            word = "FAILED"
            print(error if isinstance(error, Failed) else traceback.format_exc())
        print(f"{word}: {function.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
    return failures
