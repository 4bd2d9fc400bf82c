"""Releases that are bad in twelve ways: each is rolled back, by the strategy that ships it, and none
gets past the first gate that fails. Users notice nothing of those whose pods never serve."""

from app import App
from scenarios import Scenarios

SCENARIOS = Scenarios()

# tag → what the report has to say.
NEVER_SERVE = {
    "2-missing": "ImagePull",
    "2-denied": "ImagePull",
    "2-crash": "CrashLoopBackOff",
    "2-oom": "OOMKilled",
    "2-config-error": "CreateContainerConfigError",
    "2-never-ready": "ready",
    "2-quota": "quota",
    "2-unschedulable": "nvidia.com/gpu",
}


def never_serves(world, strategy, tag, text):
    app = App(world, f"{strategy}-{tag}", strategy, budgets={"rollout": "12s", "imagePullGrace": "2s", "configGrace": "2s"})
    app.deploy(tag, code=3).says(text)
    app.settled("1")
    app.nobody_noticed()
    assert app.requests_to(tag) == 0
    # What is left of it takes no room.
    assert tag not in app.tags_of_pods()


STRATEGIES = ("rolling", "blue-green")
for number, (tag, text) in enumerate(NEVER_SERVE.items()):
    strategy = STRATEGIES[number % len(STRATEGIES)]
    SCENARIOS[f"{strategy}-{tag[2:]}"] = (
        lambda world, strategy=strategy, tag=tag, text=text: never_serves(world, strategy, tag, text))


@SCENARIOS.add
def blue_green_smoke(world):
    """Ready, but what it answers is wrong: found before any user is sent there."""
    checks = [{"path": "/health", "json": {"status": "ok"}, "attempts": 2}]
    app = App(world, "blue-green-smoke", "blue-green", smoke={"checks": checks})
    app.deploy("2-errors100", code=3).says("500")
    app.settled("1")
    app.nobody_noticed()
    assert app.requests_to("2-errors100") == 0
