"""The plays under ../data as text to learn from and text that is held out."""
import pathlib
import re

STRETCH = 30  # blocks (speeches, stage directions, headings) that belong together
EVERY = 20    # of so many stretches one is for choosing and one for testing


def blocks_of(text):
    lines = (line.rstrip() for line in text.splitlines())
    return [block for block in re.split(r"\n\n+", "\n".join(lines).strip()) if block]


def split(folder):
    """Returns {"learn": [...], "choose": [...], "test": [...]}, each a list of texts.

    Which stretch belongs where depends on nothing but its place, so any two models are measured on
    the same text. A text to learn from ends where a held-out stretch begins.
    """
    parts = {"learn": [], "choose": [], "test": []}
    number = 0
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        blocks = blocks_of(path.read_text(encoding="utf-8"))
        before = None
        for at in range(0, len(blocks), STRETCH):
            part = {EVERY // 4: "choose", 3 * EVERY // 4: "test"}.get(number % EVERY, "learn")
            text = "\n\n".join(blocks[at : at + STRETCH]) + "\n\n"
            if part == before == "learn":
                parts[part][-1] += text
            else:
                parts[part].append(text)
            before = part
            number += 1
    return parts
