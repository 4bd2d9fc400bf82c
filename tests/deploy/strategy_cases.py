"""Rolling and blue-green bring a good version live, and rollback brings the one before back, while users
send 200 requests a second and more of which none fails."""

import json

from app import App
from scenarios import Scenarios

SCENARIOS = Scenarios()


@SCENARIOS.add
def rolling(world):
    app = App(world, "rolling", "rolling")
    app.deploy("2", code=0)
    app.settled("2")
    app.nobody_noticed()
    again = app.deploy("2", code=0)
    again.says("nothing to do")
    app.mlopsctl("rollback", "--yes", code=0)
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def blue_green_switch_and_back(world):
    """Back by a rollback later, and at once while the old colour still runs."""
    app = App(world, "blue-green", "blue-green", rate=250, blueGreen={"settle": "1s", "keepOld": "1s"})
    app.deploy("2", code=0)
    app.settled("2")
    app.mlopsctl("rollback", "--yes", code=0)
    app.settled("1")
    app.plan["blueGreen"]["keepOld"] = "5m"
    app.write_plan()
    deploy = app.start_deploy("3")
    app.wait_serving(["3"])
    app.mlopsctl("deploy", "abort", code=0)
    deploy.end(3)
    app.settled("1")
    app.nobody_noticed(1000)
    assert app.requests_to("2") > 100 and app.requests_to("3") > 100, app.users()


@SCENARIOS.add
def promoted_blue_green_does_not_wait(world):
    app = App(world, "promoted", "blue-green", blueGreen={"settle": "5m", "keepOld": "5m"})
    deploy = app.start_deploy("2")
    app.wait_serving(["2"])
    app.mlopsctl("deploy", "promote", code=0)
    deploy.end(0)
    app.settled("2")
    app.nobody_noticed()


@SCENARIOS.add
def rollback_to_the_last_successful_release(world):
    app = App(world, "history", "rolling")
    app.deploy("2", code=0)
    app.deploy("3-crash", code=3)
    app.deploy("4-missing", code=3)
    app.settled("2")
    app.deploy("5", code=0)
    app.mlopsctl("rollback", "--yes", code=0)
    app.settled("2")
    app.mlopsctl("rollback", "--to", "1", "--yes", code=0)
    history = json.loads(app.mlopsctl("deploy", "history", "--json", code=0).out)
    outcomes = [one["outcome"] for one in history["releases"]]
    assert outcomes.count("rolled-back") == 2, history
    app.nobody_noticed()


@SCENARIOS.add
def settings_come_back_with_the_release(world):
    app = App(world, "settings", "rolling", rate=0)
    app.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "chat-settings"},
               "data": {"TEMPERATURE": "0"}})
    app.kubectl("patch", "deployment", "chat", "--type=json", "-p", json.dumps([{
        "op": "add", "path": "/spec/template/spec/containers/0/envFrom",
        "value": [{"configMapRef": {"name": "chat-settings"}}]}]))
    app.wait_rolled_out()
    app.deploy("2", code=0)
    app.kubectl("patch", "configmap", "chat-settings", "--type=merge", "-p", '{"data": {"TEMPERATURE": "1"}}')
    app.deploy("3", code=0)

    def temperature():
        name = app.api("deployments", "chat")["spec"]["template"]["spec"]["containers"][0]["envFrom"][0][
            "configMapRef"]["name"]
        return app.api("configmaps", name, "api/v1")["data"]["TEMPERATURE"]

    assert temperature() == "1"
    app.mlopsctl("rollback", "--yes", code=0)
    assert temperature() == "0"
    app.settled("2")


