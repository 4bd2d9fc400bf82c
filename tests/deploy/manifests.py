"""The app of a test as its operator has applied it."""


def deployment(name, labels, replicas, image):
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas, "minReadySeconds": 1, "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
                "name": "chat", "image": image, "ports": [{"containerPort": 8000, "name": "http"}],
                "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}},
                "lifecycle": {"preStop": {"exec": {"command": ["sleep", "1"]}}}}]}}}}


def service(name, selector):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": selector, "ports": [{"name": "http", "port": 8000, "targetPort": "http"}]}}


def manifests(strategy, replicas, image):
    app = {"app": "chat"}
    if strategy == "blue-green":
        blue, green = {**app, "version": "blue"}, {**app, "version": "green"}
        return [deployment("chat-blue", blue, replicas, image), deployment("chat-green", green, 0, image),
                service("chat", blue)]
    if strategy == "canary":
        stable, canary = ({**app, "mlopsctl.dev/track": track} for track in ("stable", "canary"))
        return [deployment("chat", stable, replicas, image), service("chat", app), service("chat-stable", stable),
                service("chat-canary", canary)]
    return [deployment("chat", app, replicas, image), service("chat", app)]
