#!/usr/bin/env python3
"""Learns a chatbot from plays: a word n-gram model with learned interpolation weights (model.py).

Needs nothing but Python 3. Started by `mlopsctl run exec` its numbers go to the run; started alone
it prints them as `step=… loss=…`, which `mlopsctl run exec --scrape` reads as well.
"""

import argparse
import collections
import csv
import json
import math
import os
import pathlib
import random
import sys
import time

import dialogue
from model import Model

try:
    import mlopsctl
except ImportError:
    mlopsctl = None

PROMPTS = ("Who's there?", "What news, my lord?", "Do you love me?", "Where is the king?")


def tracked():
    return mlopsctl is not None and mlopsctl.run_id() is not None


def log(step, **values):
    if tracked():
        mlopsctl.log(step=step, **values)
    if not tracked() or step % 10 == 0:
        shown = (f"{name}={value:.6g}" for name, value in values.items())
        print(f"step={step}", *shown, flush=True)


def log_params(**params):
    if tracked():
        mlopsctl.log_params(**params)
    print(*(f"{name}={value}" for name, value in params.items()), flush=True)


def flatten(model, blocks):
    """Returns each block as one list of word numbers."""
    return [
        model.numbers([word for speech in block for word in speech], dialogue.UNKNOWN)
        for block in blocks
    ]


def train(options):
    learn, held_out = dialogue.split_held_out(dialogue.read_plays(options.data))
    times = collections.Counter(word for block in learn for speech in block for word in speech)
    # A word that is read once says little about itself and much about words never read.
    frequent = sorted(word for word in times if times[word] > 1 and word != dialogue.END)
    vocabulary = [dialogue.END, dialogue.UNKNOWN] + frequent
    model = Model(vocabulary, options.order, options.cache, options.rate)
    learn, held_out = flatten(model, learn), flatten(model, held_out)
    random.Random(options.seed).shuffle(learn)
    held_out_words = sum(map(len, held_out))
    log_params(order=options.order, cache=options.cache, rate=options.rate, steps=options.steps,
               vocabulary=len(vocabulary), train_words=sum(map(len, learn)),
               held_out_words=held_out_words)

    curve = []
    for step in range(1, options.steps + 1):
        first, last = (len(learn) * s // options.steps for s in (step - 1, step))
        part = learn[first:last]
        size = sum(map(len, part))
        if not size:
            continue
        started = time.perf_counter()
        loss = sum(model.read(block, learn=True) for block in part) / size
        speed = size / (time.perf_counter() - started)
        held_out_loss = sum(model.read(block, learn=False) for block in held_out) / held_out_words
        perplexity = math.exp(held_out_loss)
        log(step, loss=loss, held_out_perplexity=perplexity, words_per_second=speed)
        curve.append({"step": step, "loss": loss, "held_out_perplexity": perplexity})

    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    model.save(output / "model.json")
    conversation = "".join(
        f"> {prompt}\n{talk(model, prompt, options.seed)}\n\n" for prompt in PROMPTS
    )
    (output / "conversation.txt").write_text(conversation, encoding="utf-8")
    if options.scores:
        scores = {"held_out_perplexity": round(perplexity, 3), "vocabulary": len(vocabulary)}
        pathlib.Path(options.scores).write_text(json.dumps(scores) + "\n", encoding="utf-8")
    if options.curve:
        with open(options.curve, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, curve[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(curve)
    print(f"held-out perplexity {perplexity:.1f}; the model is {output / 'model.json'}\n")
    print(conversation, end="")


def talk(model, prompt, seed):
    words = model.numbers(dialogue.prompt_words(prompt), dialogue.UNKNOWN)
    reply = model.reply(words, dialogue.END, dialogue.UNKNOWN, random.Random(f"{seed} {prompt}"))
    return dialogue.sentence(reply)


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(
        description="Learn a chatbot from plays, or talk to one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--data", default=here / "data", help="folder of plays, *.txt")
    add("--output", default="work/ngram", help="folder for model.json and conversation.txt")
    add("--scores", metavar="FILE", help="write what was reached as JSON, for pipelines")
    add("--curve", metavar="FILE", help="write what each step reached as CSV, for pipelines")
    add("--order", type=int, default=3, help="longest n-gram, in words")
    add("--cache", type=int, default=200, help="recent words to mix in, 0 for none")
    add("--rate", type=float, default=0.01, help="learning rate of the interpolation weights")
    add("--steps", type=int, default=50, help="parts in which the text is read")
    add("--seed", type=int, default=int(os.environ.get("MLOPSCTL_SEED", "1")),
        help="order in which scenes are read, words drawn; MLOPSCTL_SEED sets the default")
    add("--talk", metavar="PROMPT", help="answer PROMPT with the model in --output, do not train")
    options = parser.parse_args()
    if options.order < 1 or options.steps < 1 or options.cache < 0 or not 0 <= options.rate < 1:
        parser.error("--order and --steps start at 1, --cache at 0, --rate is in [0, 1)")
    if options.talk is None:
        train(options)
    else:
        model = Model.load(pathlib.Path(options.output) / "model.json")
        print(talk(model, options.talk, options.seed))


if __name__ == "__main__":
    main()
