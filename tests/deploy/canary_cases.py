"""Canaries by every router, their gates on real series of prometheus, and those that are bad."""

import json

from app import App
from scenarios import Scenarios
from servers import http, wait_until

SCENARIOS = Scenarios()

GATES = [
    {"name": "request-success-rate", "thresholdRange": {"min": 99}, "interval": "4s"},
    {"name": "request-duration", "thresholdRange": {"max": 500}, "interval": "4s"},
]
CANARY = {"interval": "1500ms", "threshold": 2, "maxWeight": 50, "stepWeight": 25, "metrics": GATES}


@SCENARIOS.add
def canary_by_replicas(world):
    app = App(world, "canary-replicas", "canary", replicas=4, canary=CANARY)
    app.deploy("2", code=0)
    app.settled("2")
    app.nobody_noticed()


def routed(world, router, entry, objects):
    name = f"canary-{router}"
    app = App(world, name, "canary", rate=0, canary=CANARY, traffic={"router": router})
    app.apply(*objects)
    app.begin_traffic(entry, 200)
    app.deploy("2", code=0)
    app.settled("2")
    app.nobody_noticed()
    assert app.requests_to("2") > 100, app.users()


@SCENARIOS.add
def canary_by_gateway_api(world):
    routed(world, "gateway-api", "httproute/chat", [{
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "chat"},
        "spec": {"parentRefs": [{"name": "gateway"}], "rules": [
            {"backendRefs": [{"name": "chat-stable", "port": 8000}]}]}}])


@SCENARIOS.add
def canary_by_istio(world):
    routed(world, "istio", "virtualservice/chat", [{
        "apiVersion": "networking.istio.io/v1beta1", "kind": "VirtualService", "metadata": {"name": "chat"},
        "spec": {"hosts": ["chat"], "http": [{"route": [{"destination": {"host": "chat-stable"}}]}]}}])


@SCENARIOS.add
def canary_by_nginx(world):
    routed(world, "nginx", "ingress/chat", [{
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "chat"},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": "chat.example", "http": {"paths": [
            {"path": "/", "pathType": "Prefix",
             "backend": {"service": {"name": "chat-stable", "port": {"number": 8000}}}}]}}]}}])


@SCENARIOS.add
def canary_beside_the_stable_version(world):
    """A canary that fails one request in ten passes a lax threshold, not the comparison."""
    lax = [{**GATES[0], "thresholdRange": {"min": 50}}]
    compare = {"minimumRequests": 100}
    app = App(world, "comparison", "canary", replicas=4, canary={**CANARY, "metrics": lax, "compareToStable": compare})
    app.deploy("2-errors10", code=3).says("stable")
    app.settled("1")


@SCENARIOS.add
def gates_and_hooks(world):
    """A canary waits at its gates until somebody opens them, and the hook of a rollback is heeded."""
    gate = {"name": "gate", "type": "confirm-promotion", "url": f"{world.traffic}/gate/check"}
    back = {"name": "back", "type": "rollback", "url": f"{world.traffic}/rollback/check"}
    event = {"name": "events", "type": "event", "url": f"{world.traffic}/hooks/gates"}
    app = App(world, "gates", "canary", replicas=4, canary={**CANARY, "metrics": [], "webhooks": [gate, back, event]})
    deploy = app.start_deploy("2")
    app.wait_state("waiting for the promotion gate", lambda state: state["phase"] == "waiting-promotion")
    http("POST", f"{world.traffic}/gate/open", {"name": "chat", "namespace": "gates"})
    deploy.end(0)
    app.settled("2")
    http("POST", f"{world.traffic}/rollback/open", {"name": "chat", "namespace": "gates"})
    app.deploy("3", code=3)
    app.settled("2")
    app.nobody_noticed()
    told = wait_until("events", lambda: [one["body"] for one in json.loads(http("GET", f"{world.traffic}/hooks")[1])
                                         if one["path"] == "/hooks/gates"])
    assert all(one["name"] == "chat" and one["namespace"] == "gates" for one in told), told


@SCENARIOS.add
def canary_errors(world):
    """Seen at the first weight: the canary never gets more than its first share."""
    app = App(world, "canary-errors", "canary", replicas=4, canary={**CANARY, "threshold": 1})
    app.deploy("2-errors30", code=3).says("request-success-rate")
    app.settled("1")
    share = app.requests_to("2-errors30") / app.users()["sent"]
    assert share < 0.30, share


@SCENARIOS.add
def canary_latency(world):
    app = App(world, "canary-latency", "canary", replicas=4, canary={**CANARY, "threshold": 1})
    app.deploy("2-laggy900", code=3).says("request-duration")
    app.settled("1")
    app.nobody_noticed()


@SCENARIOS.add
def canary_flapping(world):
    """Ready, then not: what was ready once is not trusted for ever."""
    app = App(world, "canary-flapping", "canary", replicas=4, canary={**CANARY, "interval": "3s"},
              budgets={"rollout": "15s"})
    app.deploy("2-flapping-3s", code=3)
    app.settled("1")


