#!/usr/bin/env bash
# The HTML page of `plots diff` in a real browser: plots_page_test.sh MLOPSCTL
# shellcheck source=tests/interop/page.sh
source "$(dirname "${BASH_SOURCE[0]}")/page.sh"

export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
git init -q -b main .
"$mlopsctl" data init >init.log
# Every kind of figure, with a class whose name tries to be markup, in two revisions.
make() {
  python3 - "$1" <<'PYTHON'
import random
import sys
version = int(sys.argv[1])
random.seed(version)
def write(name, lines):
    with open(name, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
write("curve.csv", ["step,loss,acc"] + [f"{i},{5 / (i + 1) + random.random() / 9:.4f},{i / 40:.3f}" for i in range(40)])
write("cloud.csv", ["a,b"] + [f"{random.random():.3f},{random.random() * version:.3f}" for _ in range(50)])
classes = ["cat", "dog", "<img src=x onerror=window.pwned=1>"]
write("classes.csv", ["actual,predicted"] + [f"{random.choice(classes)},{random.choice(classes)}" for _ in range(60)])
write("bars.json", ['[{"name": "age", "weight": %d}, {"name": "plan", "weight": -2}]' % version])
write("picture.svg", ['<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60" onload="window.pwned=1">'
                      f'<circle cx="{20 * version}" cy="30" r="19"/></svg>'])
PYTHON
}
make 1
cat >dvc.yaml <<'YAML'
plots:
- curve.csv: {x: step, y: loss}
- both: {x: step, y: {curve.csv: [loss, acc]}, template: smooth}
- cloud.csv: {template: scatter, x: a, y: b}
- classes.csv: {template: confusion, x: predicted, y: actual}
- shares: {template: confusion_normalized, x: predicted, y: {classes.csv: actual}}
- bars.json: {template: bar_horizontal, x: weight, y: name}
- picture.svg
YAML
git add -A
git commit -q -m 1
make 2
"$mlopsctl" plots diff >plots.log
drive plots_page_test.py dvc_plots/index.html
