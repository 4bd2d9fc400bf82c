"""Logs to the run that `mlopsctl run exec` started this program in.

    import mlopsctl
    mlopsctl.log(step=10, loss=0.52)              # or mlopsctl.log({"eval/acc": 0.9}, step=10)
    mlopsctl.log_params({"lr": 3e-4})
    mlopsctl.set_tags(stage="warm-up")

Needs nothing but Python 3.7. Safe with threads and fork. Outside a run it only says so once.
"""
import atexit
import json
import os
import sys
import threading
import time

_RESERVED = frozenset(("step", "global_step", "_step", "time", "timestamp", "_timestamp", "params", "tags"))
_MOST_BACKLOG = 16 << 20  # bytes
_lock = threading.Lock()
_fd = None
_warned = False
_backlog = b""  # what a full disk did not take, perhaps from the middle of a line on


def run_id():
    """Id of the run, or None outside one."""
    return os.environ.get("MLOPSCTL_RUN_ID")


def seed():
    """The number given to `run exec --seed`, or None."""
    text = os.environ.get("MLOPSCTL_SEED")
    return int(text) if text else None


def log(values=None, *, step=None, **metrics):
    """Logs numbers, also numpy and torch scalars, at a step. Nested dicts become "outer/inner"."""
    numbers = {}
    for source in (values or {}, metrics):
        for key, value in source.items():
            if key == "step" and step is None:
                step = value
            elif key in _RESERVED:
                raise ValueError("mlopsctl.log: %r cannot be the name of a metric" % (key,))
            else:
                numbers[str(key)] = _number(str(key), value)
    record = {"time": int(time.time() * 1000)}
    if step is not None:
        record["step"] = int(step)
    record.update(numbers)
    _append(record)


def log_params(params=None, **more):
    """Records what the run was configured with. A parameter is set once and not changed."""
    _append({"params": _texts(params, more)})


def set_tags(tags=None, **more):
    """Sets tags; a later value replaces an earlier one."""
    _append({"tags": _texts(tags, more)})


def _texts(first, more):
    return {str(key): str(value) for source in (first or {}, more) for key, value in source.items()}


def _number(name, value):
    if isinstance(value, dict):
        return {str(key): _number("%s/%s" % (name, key), inner) for key, inner in value.items()}
    try:
        if not isinstance(value, (bool, int, float, str, bytes)):
            value = value.item() if hasattr(value, "item") else float(value)
        if isinstance(value, (bool, int, float)):
            return float(value) if isinstance(value, float) else value
    except (TypeError, ValueError, RuntimeError):
        pass
    raise TypeError("mlopsctl.log: %r is not a number: %s" % (name, type(value).__name__))


def _append(record):
    path = os.environ.get("MLOPSCTL_METRICS")
    if path:
        _write(path, (json.dumps(record) + "\n").encode("utf-8"))
    else:
        _warn("not started by 'mlopsctl run exec': nothing is recorded")


def _write(path, line):
    global _fd, _backlog
    with _lock:
        _backlog += line
        try:
            if _fd is None:
                _fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            while _backlog:  # one write, unless the disk is full
                _backlog = _backlog[os.write(_fd, _backlog):]
        except OSError as error:  # training goes on, and the next call tries again
            _warn("cannot write %s: %s" % (path, error))
            if len(_backlog) > _MOST_BACKLOG:
                _backlog = b"\n"


def _warn(text):
    global _warned
    if not _warned:
        _warned = True
        try:
            sys.stderr.write("mlopsctl: %s\n" % text)
        except (OSError, ValueError, AttributeError):  # full disk, closed, None
            pass


def _flush():
    path = os.environ.get("MLOPSCTL_METRICS")
    if path and _backlog:
        _write(path, b"")


def _after_fork():
    # A thread of the parent may have held the lock at the fork; nobody here would ever release it.
    global _lock, _fd, _backlog
    _lock = threading.Lock()
    _backlog = b""  # the parent's to write
    if _fd is not None:
        os.close(_fd)
        _fd = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_flush)
