"""An app in a namespace of its own, as its operator sees it: kubectl, mlopsctl, and what users got."""

import json
import os
import subprocess

from images import tag_of
from manifests import manifests
from servers import http, wait_until

class Outcome:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def says(self, text):
        assert text in self.out + self.err, f"nothing of {text!r} in\n{self}"
        return self

    def __str__(self):
        return f"$ {' '.join(self.argv)}\n-> {self.code}\n{self.out}{self.err}"


class Running:
    """A mlopsctl that goes on; kill() is kill -9."""

    def __init__(self, argv, process):
        self.argv, self.process = argv, process

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self, code=None, timeout=300):
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"no end of {' '.join(self.argv)} after {timeout} s\n{out}{err}") from None
        outcome = Outcome(self.argv, self.process.returncode, out, err)
        assert code is None or outcome.code == code, f"not {code}: {outcome}"
        return outcome


class App:
    def __init__(self, world, name_space, strategy, replicas=2, tag="1", entry="service/chat", rate=200,
                 kubeconfig=None, cluster=None, **plan):
        self.world, self.name_space, self.name = world, name_space, "chat"
        self.cluster = cluster or world.cluster
        self.kubeconfig = kubeconfig or self.cluster.kubeconfig
        self.strategy = strategy
        self.folder = world.folder / name_space
        self.folder.mkdir()
        self.plan = {
            "app": self.name,
            "namespace": name_space,
            "image": f"{world.repository}:{tag}",
            "port": 8000,
            "replicas": replicas,
            "strategy": strategy,
            "prometheus": world.prometheus or "http://127.0.0.1:9",
            "blueGreen": {"settle": "2s", "keepOld": "2s"},
            "budgets": {"rollout": "40s", "smoke": "10s", "rollback": "40s", "imagePullGrace": "5s",
                        "configGrace": "5s"},
        }
        for key, value in plan.items():
            self.plan[key] = {**self.plan[key], **value} if isinstance(self.plan.get(key), dict) else value
        self.write_plan()
        self.environment = {**os.environ, "PATH": world.path, "HOME": str(self.folder),
                            "KUBECONFIG": self.kubeconfig, "NO_COLOR": "1",
                            "KUBECTL_LOG": str(self.folder / "kubectl.log")}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name_space}}, scoped=False)
        self.apply(*manifests(strategy, replicas, self.plan["image"]))
        self.wait_serving([tag])
        self.begin_traffic(entry, rate)

    def write_plan(self):
        plan = {key: value for key, value in self.plan.items() if value is not None}
        (self.folder / "deploy.yaml").write_text(json.dumps(plan, indent=1))

    # ---- Programs ----
    def kubectl(self, *arguments, scoped=True, input=None, check=True):
        argv = ["kubectl", *(["-n", self.name_space] if scoped else []), *arguments]
        environment = {**self.environment, "KUBECTL_LOG": "", "KUBECONFIG": self.cluster.kubeconfig}
        done = subprocess.run(argv, input=input, env=environment, capture_output=True, text=True, timeout=180)
        if check:
            assert done.returncode == 0, f"{argv}: {done.stderr}"
        return done.stdout

    def apply(self, *objects, scoped=True):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "-f", "-", scoped=scoped, input=text)

    def mlopsctl(self, *arguments, code=None, timeout=300, **environment):
        return self.start(*arguments, **environment).end(code, timeout)

    def start(self, *arguments, **environment):
        argv = [str(self.world.mlopsctl), *arguments]
        process = subprocess.Popen(argv, cwd=self.folder, env={**self.environment, **environment},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return Running(argv, process)

    def deploy(self, tag, *more, code=0, **environment):
        return self.mlopsctl("deploy", self.strategy, "--image", f"{self.world.repository}:{tag}", *more, code=code, **environment)

    def start_deploy(self, tag, *more, **environment):
        return self.start("deploy", self.strategy, "--image", f"{self.world.repository}:{tag}", *more, **environment)

    # ---- The cluster ----
    def api(self, kind, name="", group="apis/apps/v1"):
        """What the API server has, without kubectl; None: there is none."""
        status, text = http("GET", f"{self.cluster.url}/{group}/namespaces/{self.name_space}/{kind}"
                                   + (f"/{name}" if name else ""))
        assert status in (200, 404), text
        return json.loads(text) if status == 200 else None

    def lease(self):
        return self.api("leases", f"mlopsctl-{self.name}", "apis/coordination.k8s.io/v1")

    def state(self):
        """What the lease says of the deployment, or {}."""
        annotations = ((self.lease() or {}).get("metadata") or {}).get("annotations") or {}
        return json.loads(annotations.get("mlopsctl.dev/state", "{}"))

    def wait_state(self, what, holds, seconds=60):
        return wait_until(what, lambda: (lambda state: state if state and holds(state) else None)(self.state()),
                          seconds, 0.2)

    def touched(self):
        """What changes when somebody changes a Deployment, and not when its pods do."""
        return [(one["metadata"]["name"], one["metadata"]["generation"], one["metadata"].get("annotations"))
                for one in self.api("deployments")["items"]]

    def serving(self):
        """Tags of the images whose pods the Service leads to, with how many pods."""
        slices = self.api("endpointslices", group="apis/discovery.k8s.io/v1")["items"]
        names = [endpoint["targetRef"]["name"] for one in slices
                 if one["metadata"]["labels"]["kubernetes.io/service-name"] == self.name
                 for endpoint in one.get("endpoints") or [] if endpoint["conditions"].get("ready")]
        images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
                  for pod in self.api("pods", group="api/v1")["items"]}
        tags = {}
        for name in names:
            tag = tag_of(images[name]) if name in images else "gone"
            tags[tag] = tags.get(tag, 0) + 1
        return tags

    def wait_rolled_out(self, deployment="chat"):
        def done():
            found = self.api("deployments", deployment)
            spec, status = found["spec"], found["status"]
            return (status.get("observedGeneration") == found["metadata"]["generation"] and
                    spec["replicas"] == status.get("updatedReplicas") == status.get("availableReplicas") ==
                    status.get("replicas"))

        wait_until(f"{deployment} of {self.name_space} rolled out", done)

    def wait_serving(self, tags, seconds=90):
        wait_until(f"{self.name_space} serving {tags}", lambda: sorted(self.serving()) == sorted(tags), seconds)

    # ---- Users ----
    def begin_traffic(self, entry, rate):
        status, text = http("POST", self.world.traffic + "/apps",
                            {"server": self.cluster.url, "namespace": self.name_space, "entry": entry, "rate": rate})
        assert status == 200, text
        if rate:
            wait_until(f"requests in {self.name_space}", lambda: self.users()["served"] > 0)
        http("POST", f"{self.world.traffic}/apps/{self.name_space}/reset", "")

    def users(self):
        return json.loads(http("GET", f"{self.world.traffic}/apps/{self.name_space}")[1])

    def requests_to(self, tag):
        return sum(one["served"] + one["failed"] for reference, one in self.users()["by_image"].items()
                   if tag_of(reference) == tag)

    def tags_of_pods(self):
        """Tags of the pods that are there and not on their way out."""
        return {tag_of(one["spec"]["containers"][0]["image"]) for one in self.api("pods", group="api/v1")["items"]
                if "deletionTimestamp" not in one["metadata"]}

    def nobody_noticed(self, least=100):
        """No request failed, and there were some."""
        users = self.users()
        assert users["sent"] >= least, users
        assert users["failed"] == 0, json.dumps(users, indent=1)
        return users

    def leave(self):
        http("DELETE", f"{self.world.traffic}/apps/{self.name_space}")

    # ---- How it is when nothing goes on ----
    def settled(self, tag, dead_lock=False):
        """Nothing goes on, nobody holds the lock, and the Service leads to pods of that image only."""
        state = self.state()
        assert not state or state["phase"] == "done", f"unfinished: {state['phase']}"
        holder = ((self.lease() or {}).get("spec") or {}).get("holderIdentity")
        assert dead_lock or not holder, f"the lock is still held by {holder}"
        wait_until(f"only {tag} serving (now {self.serving()})", lambda: list(self.serving()) == [tag])
        return state
