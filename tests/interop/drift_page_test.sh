#!/usr/bin/env bash
# The HTML page of a drift check in a real browser: drift_page_test.sh MLOPSCTL
# shellcheck source=tests/interop/page.sh
source "$(dirname "${BASH_SOURCE[0]}")/page.sh"

# Two tables with a time column, a category, an outlier and a name that tries to be markup.
python3 - <<'PYTHON'
import datetime
import random
random.seed(3)
def table(name, shift, day):
    start = datetime.datetime(2026, 11, day)
    with open(name, "w", encoding="utf-8") as out:
        out.write('at,age,"<b>evil""</b>",plan,income\n')
        for i in range(2000):
            at = (start + datetime.timedelta(seconds=40 * i)).isoformat() + "Z"
            income = 900 if shift and i == 7 else random.gauss(0, 1)
            out.write(f"{at},{random.gauss(40 + shift, 9):.3f},{random.gauss(0, 1):.4f},"
                      f"{random.choice('abc' if not shift else 'bcd')},{income:.4f}\n")
table("train.csv", 0, 20)
table("today.csv", 12, 21)
PYTHON
"$mlopsctl" drift report train.csv today.csv --time-column at --no-record --html page.html >report.log
drive drift_page_test.py page.html
