"""What must not go wrong in the middle of a canary, whatever happens around it."""

import os
import signal
import time

from app import App
from canary_cases import CANARY
from scenarios import Scenarios
from servers import Cluster, Line

SCENARIOS = Scenarios()

# Weights rise for a few seconds: long enough for something to happen in between.
SLOW = {**CANARY, "metrics": [], "maxWeight": 75, "stepWeight": 25, "interval": "1500ms"}


def under_way(app, tag="2", **environment):
    """A canary that has its first share."""
    deploy = app.start_deploy(tag, **environment)
    try:
        app.wait_state("the first weight", lambda state: state["weight"] > 0)
    except BaseException:
        deploy.kill()
        raise
    return deploy


@SCENARIOS.add
def second_deploy_is_refused(world):
    app = App(world, "two-deploys", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    second = app.deploy("3", "--wait", "1s", code=None)
    assert second.code not in (0, 3), second
    second.says("being deployed by").says(f":{deploy.process.pid}")
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def pause_go_on_and_promote(world):
    app = App(world, "requests", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    app.mlopsctl("deploy", "pause", code=0)
    paused = app.wait_state("paused", lambda state: state.get("paused"))
    time.sleep(5)
    assert app.state()["weight"] == paused["weight"], app.state()
    app.mlopsctl("deploy", "resume", code=0)
    app.wait_state("going on", lambda state: not state.get("paused"))
    app.mlopsctl("deploy", "promote", code=0)
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def abort_from_another_process(world):
    app = App(world, "abort", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    app.mlopsctl("deploy", "abort", code=0)
    deploy.end(3)
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def ctrl_c_rolls_back(world):
    app = App(world, "ctrl-c", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    deploy.process.send_signal(signal.SIGINT)
    deploy.end(130)
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def killed_and_resumed_by_another_process(world):
    app = App(world, "resume", "canary", replicas=4, canary=SLOW)
    under_way(app).kill()
    app.mlopsctl("deploy", "status", code=None).says("resume")
    app.mlopsctl("deploy", "resume", code=0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def frozen_api_server(world):
    cluster = Cluster(world, "frozen")
    app = App(world, "frozen", "canary", replicas=4, canary=SLOW, cluster=cluster)
    deploy = under_way(app)
    cluster.freeze()
    time.sleep(12)
    cluster.thaw()
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def lost_connection(world):
    line = Line(world.cluster, world.folder)
    app = App(world, "lost-connection", "canary", replicas=4, canary=SLOW, kubeconfig=line.kubeconfig)
    deploy = under_way(app)
    line.cut()
    time.sleep(8)
    line.mend()
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def frozen_deployer_does_no_harm(world):
    """Stopped for longer than its lock lives, while somebody else takes the deployment over."""
    app = App(world, "frozen-deployer", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    os.kill(deploy.process.pid, signal.SIGSTOP)
    app.mlopsctl("deploy", "abort", "--wait", "60s", code=None, timeout=180)
    os.kill(deploy.process.pid, signal.SIGCONT)
    late = deploy.end(timeout=180)
    assert late.code not in (0, 130), late
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def somebody_else_edits(world):
    """Another image is set in the middle of it: we stop, and do not fight."""
    app = App(world, "edited", "canary", replicas=4, canary=SLOW)
    deploy = under_way(app)
    app.kubectl("set", "image", "deployment/chat-canary", f"chat={world.repository}:9")
    outcome = deploy.end()
    assert outcome.code != 0, outcome
    assert "1" in app.tags_of_pods()
    users = app.users()
    assert users["failed"] == 0, users


@SCENARIOS.add
def dry_run_changes_nothing(world):
    app = App(world, "dry-run", "canary", replicas=4, canary=SLOW, rate=0)
    before = app.touched()
    app.deploy("2", "--dry-run", code=0).says("2")
    assert app.touched() == before
    assert app.lease() is None
