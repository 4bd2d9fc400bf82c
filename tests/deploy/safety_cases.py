"""What must not go wrong, whatever happens around a deployment."""

from app import App
from scenarios import Scenarios
from servers import Cluster

SCENARIOS = Scenarios()


@SCENARIOS.add
def killed_and_aborted_by_another_process(world):
    app = App(world, "killed-abort", "blue-green", blueGreen={"settle": "20s"})
    deploy = app.start_deploy("2")
    app.wait_serving(["2"])
    deploy.kill()
    app.mlopsctl("deploy", "abort", code=3)
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def restarted_api_server(world):
    """It answers nobody for a while, and what was asked in that moment was done or not."""
    cluster = Cluster(world, "restarted")
    app = App(world, "restarted", "blue-green", cluster=cluster)
    cluster.tell("faults", {"kind": "drop_done", "method": "PATCH", "path": "deployments/chat-green", "times": 2})
    deploy = app.start_deploy("2")
    app.wait_state("the new colour coming up", lambda state: state["phase"] == "starting")
    cluster.tell("outage", {"ms": 5000})
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def missing_rights(world):
    """Found before anything is changed, and told as what to type."""
    app = App(world, "rights", "rolling")
    viewer = world.cluster.kubeconfig_of("viewer", [{"verbs": ["get", "list"], "groups": ["*"], "resources": ["*"]}])
    before = app.touched()
    restricted = app.mlopsctl("deploy", "rolling", "--image", f"{world.repository}:2", code=None,
                              KUBECONFIG=viewer)
    assert restricted.code not in (0, 3), restricted
    restricted.says("kubectl create role")
    assert app.touched() == before
    assert app.lease() is None
    app.nobody_noticed(1)


