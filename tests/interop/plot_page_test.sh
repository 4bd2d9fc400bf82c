#!/usr/bin/env bash
# The HTML page of `run plot` in a real browser: plot_page_test.sh MLOPSCTL
# shellcheck source=tests/interop/page.sh
source "$(dirname "${BASH_SOURCE[0]}")/page.sh"

# Three runs with a falling, a rising and a patchy metric, so that the page has several charts.
"$mlopsctl" init --project . >init.log
for run in 1 2 3; do
  for step in $(seq 0 40); do
    accuracy=0.$((30 + step + run))
    if [ "$run" -eq 3 ] && [ $((step % 10)) -eq 0 ]; then accuracy='"NaN"'; fi
    echo "{\"step\":$step,\"loss\":$((9 - run)).$((99 - 2 * step)),\"accuracy\":$accuracy}"
  done >"run$run.jsonl"
  id=$("$mlopsctl" run start --name "run $run <b>&" --param "rate=0.0$run")
  "$mlopsctl" run log "$id" --from "run$run.jsonl" >log.log
  "$mlopsctl" run finish "$id" >finish.log
done
# shellcheck disable=SC2046  # one id a word
"$mlopsctl" run plot $("$mlopsctl" run list | cut -f1) --html page.html >plot.log

drive plot_page_test.py page.html
