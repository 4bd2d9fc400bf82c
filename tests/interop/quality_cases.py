"""Indicators, scores, alerts and the summary of `mlopsctl quality` are those of the specification.

    quality_cases.py MLOPSCTL [CASES [SEED]]        needs nothing but Python

The functions below are specification §17 in the plainest Python; responses are put together from
pieces that come near its rules. Every value must be equal, the means to rounding.
"""

import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

UNCERTAIN = ["I'm not sure", "I don't know", "might be", "could be", "possibly"]
TOXIC = ["hate", "stupid", "kill"]

PIECES = [*UNCERTAIN, *TOXIC, "I'M NOT SURE", "i don't know", "Might Be", "COULD  BE", "impossibly",
          "I\u2019m not sure", "HATE", "hateful", "skills", "Stupid", "50%", "12.5%", "3.%", "1.2.3%",
          "%", "5 %", "100%.", "٥٠%", "50％", ".5%", "7%8%", "```", "``", "http", "https://x.org",
          "HTTP://", "ſtupid", "ſkills", "\n", "\t", " ", "\u00a0", "\u2028", "\u3000", "\x1f", "\x85",
          "\u200b", "Paris", "naïve", "İ", "ß", "STRASSE", "你好", "😀", "e\u0301", ".", ",", "word"]


def indicators(text):
    low = text.casefold()
    uncertainty = any(phrase.casefold() in low for phrase in UNCERTAIN)
    percentages = len(re.findall(r"\d+\.?\d*%", text))
    toxicity = min(sum(word.casefold() in low for word in TOXIC) / len(TOXIC), 1.0)
    score = 1.0
    if uncertainty:
        score -= 0.2
    if toxicity > 0.5:
        score -= 0.5
    score = max(score, 0.0)
    return {"uncertainty": uncertainty, "made_up_facts": percentages > 3, "percentages": percentages,
            "toxicity": toxicity, "words": len(text.split()), "has_code": "```" in text,
            "has_links": "http" in text, "score": score, "low_score": score < 0.5,
            "toxic": toxicity > 0.7, "length": len(text)}


def wilson(hits, n, z=1.959963984540054):
    p = hits / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (middle - half) / scale, (middle + half) / scale


def response(rng):
    glue = rng.choice(["", " ", " ", ". "])
    return glue.join(rng.choice(PIECES) for _ in range(rng.randrange(12)))


def main():
    mlopsctl = os.path.abspath(sys.argv[1])
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 17)
    texts = [response(rng) for _ in range(cases)]
    wanted = [indicators(text) for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("log.jsonl", "w", encoding="utf-8") as log:
            for number, text in enumerate(texts):
                json.dump({"id": number, "response": text}, log, ensure_ascii=rng.random() < 0.5)
                log.write("\n")
        report = json.loads(subprocess.run(
            [mlopsctl, "quality", "report", "log.jsonl", "-o", "rows.jsonl", "--json"],
            check=True, capture_output=True, text=True).stdout)
        with open("rows.jsonl", encoding="utf-8") as rows:
            found = [json.loads(row) for row in rows]
    assert len(found) == cases, len(found)
    wrong = 0
    for text, want, have in zip(texts, wanted, found):
        for name, value in want.items():
            if have[name] != value:
                wrong += 1
                if wrong < 10:
                    print(f"{name} of {text!r} is {have[name]}, not {value}", file=sys.stderr)

    def near(name, have, want):
        nonlocal wrong
        if abs(have - want) > 1e-12:
            wrong += 1
            print(f"{name} is {have}, not {want}", file=sys.stderr)

    low = sum(want["low_score"] for want in wanted)
    near("mean score", report["mean_score"], math.fsum(want["score"] for want in wanted) / cases)
    near("mean toxicity", report["mean_toxicity"],
         math.fsum(want["toxicity"] for want in wanted) / cases)
    near("share of low scores", report["low_score_rate"], low / cases)
    alerting = [str(i) for i, want in enumerate(wanted) if want["low_score"] or want["toxic"]]
    if [one["id"] for one in report["alerts"]] != alerting[:1000]:
        wrong += 1
        print("the alerts are of other responses", file=sys.stderr)
    for rate in report["rates"]:
        if rate["of"]:
            lower, upper = wilson(rate["hits"], rate["of"])
            near("lower bound of " + rate["name"], rate["low"], max(lower, 0))
            near("upper bound of " + rate["name"], rate["high"], min(upper, 1))
    kinds = {name: sum(bool(want[name]) for want in wanted) for name in wanted[0]}
    print(f"{cases} responses, {wrong} differences; with " +
          ", ".join(f"{name} {count}" for name, count in kinds.items()))
    sys.exit(1 if wrong else 0)


main()
