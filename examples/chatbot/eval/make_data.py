#!/usr/bin/env python3
"""Writes the examples of the tasks beside it (*.jsonl) from the text that ../model never learned.

Needs nothing but Python 3; the same text gives the same examples.
"""
import json
import pathlib
import random
import re
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "model"))
import plays

SPEAKER = re.compile(r"[A-Z][A-Za-z' -]{1,30}\.")


def speeches(text):
    """Yields (name, lines) of each speech; None for a block that is no speech."""
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        is_speech = len(lines) > 1 and SPEAKER.fullmatch(lines[0]) and "[" not in block
        yield (lines[0], [line.strip() for line in lines[1:]]) if is_speech else None


def title(path):
    return " ".join(word if word in ("of", "the", "to", "and") and i else word.capitalize()
                    for i, word in enumerate(path.stem.replace("-", " ").split()))


def conversations(folder, part):
    """Lists of successive speeches of one play, and its title."""
    for path in sorted(folder.glob("*.txt")):
        for number, text in enumerate(plays.split(folder)[part]):
            if text not in texts_of(path):
                continue
            found = []
            for speech in [*speeches(text), None]:
                if speech:
                    found.append(speech)
                elif found:
                    yield f"{path.stem}-{number}", title(path), found
                    found = []


def texts_of(path, cache={}):
    if path not in cache:
        cache[path] = "\n\n".join(plays.blocks_of(path.read_text(encoding="utf-8"))) + "\n\n"
    return cache[path]


def written(conversation):
    return "\n\n".join("\n".join([name, *lines]) for name, lines in conversation)


def word_orders(talks, generator):
    """A line of a speech as it is, and three times with two neighbouring words exchanged."""
    for source, _, talk in talks:
        for at, (name, said) in enumerate(talk):
            words = said[-1].split()
            if at < 1 or not 6 <= len(words) <= 10:
                continue
            places = [i for i in range(1, len(words) - 1) if words[i].lower() != words[i - 1].lower()]
            choices = [exchanged(words, i) for i in sorted(generator.sample(places, 3))]
            answer = generator.randrange(4)
            choices.insert(answer, said[-1])
            passage = written([*talk[at - 1 : at], (name, said[:-1])])
            yield {"id": f"{source}-{at}", "passage": passage, "choices": choices, "answer": answer,
                   "scene": source}


def exchanged(words, i):
    return " ".join([*words[: i - 1], words[i], words[i - 1], *words[i + 1 :]])


def next_words(talks, generator):
    """A speech up to some word, and that word."""
    for source, _, talk in talks:
        for at, (name, said) in enumerate(talk):
            places = [match.start() for match in re.finditer(r" [a-z]+(?=[ .,;:!?]|$)", "\n".join(said))]
            if at < 1 or not places:
                continue
            cut = generator.choice(places)
            text = "\n".join(said)
            word = re.match(r" ([a-z]+)", text[cut:])[1]
            before = written([talk[at - 1], (name, [text[:cut]])])
            yield {"id": f"{source}-{at}", "before": before, "word": word, "scene": source}


def next_speakers(talks, generator):
    """Two people talk; who answers?"""
    for source, _, talk in talks:
        for at in range(3, len(talk)):
            names = [name for name, _ in talk[at - 3 : at + 1]]
            if names[0] == names[2] and names[1] == names[3] and names[0] != names[1]:
                yield {"id": f"{source}-{at}", "dialogue": written(talk[at - 3 : at]),
                       "speaker": names[3].removesuffix("."), "scene": source}


def which_play(talks, generator):
    """The play that a speech is from."""
    for source, play, talk in talks:
        for at in range(0, len(talk) - 1, 2):
            said = written(talk[at : at + 2])
            if 120 < len(said) < 500:
                yield {"id": f"{source}-{at}", "dialogue": said, "play": play, "scene": source}


def write(name, rows):
    with open(here / name, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{name}: {len(rows)} examples")


def some(rows, count, generator):
    """At most `count` of them, in their order."""
    rows = list(rows)
    kept = sorted(generator.sample(range(len(rows)), min(count, len(rows))))
    return [rows[i] for i in kept]


def main():
    folder = here.parent / "data"
    talks = list(conversations(folder, "test"))
    for name, make, count in (("word_order", word_orders, 200), ("next_word", next_words, 200),
                              ("speaker", next_speakers, 100), ("play", which_play, 60)):
        generator = random.Random(name)
        write(f"{name}.jsonl", some(make(talks, generator), count, generator))
    generator = random.Random("shots")
    write("play_shots.jsonl", some(which_play(list(conversations(folder, "choose")), generator), 4, generator))
    texts = plays.split(folder)["test"]
    write("text.jsonl", [{"id": str(number), "text": text.strip()} for number, text in enumerate(texts)])


if __name__ == "__main__":
    main()
