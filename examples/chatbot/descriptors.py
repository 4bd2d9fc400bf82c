#!/usr/bin/env python3
"""Writes one row a speech of some plays, as CSV: what a check of drift can look at."""

import argparse
import csv
import pathlib
import sys

import dialogue


def describe(speech):
    text = " ".join(line.strip() for line in speech)
    words = [word for word in dialogue.WORD.findall(text) if word[0].isalpha()]
    if not words:
        return None
    lower = [word.lower() for word in words]
    return {
        "words": len(words),
        "word_length": round(sum(map(len, words)) / len(words), 3),
        "distinct_share": round(len(set(lower)) / len(words), 3),
        "commas": text.count(","),
        "question": text.rstrip().endswith("?"),
        "exclamations": text.count("!"),
        "thou": sum(word in ("thou", "thee", "thy", "thine") for word in lower),
        "verse": len(speech) > 1 and all(line.strip()[:1].isupper() for line in speech),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plays", nargs="+", type=pathlib.Path)
    writer = None
    for path in parser.parse_args().plays:
        for speech in dialogue.speeches_of(path.read_text()):
            row = describe(speech)
            if row is None:
                continue
            if writer is None:
                writer = csv.DictWriter(sys.stdout, row.keys())
                writer.writeheader()
            writer.writerow(row)


if __name__ == "__main__":
    main()
