"""Turns the plays under data/ into speeches: lists of words, in the order they are spoken."""

import collections
import pathlib
import re

END = "</speech>"
UNKNOWN = "<unknown>"

WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|--|[.,;:!?]")
# A speech is a block of lines whose first line is the speaker's name and a full stop. A name with a
# comma is an entry of the list of characters ("DUNCAN, King of Scotland.").
SPEAKER = re.compile(r"[A-Z][A-Za-z' &.-]{1,40}\.")
STAGE_DIRECTION = re.compile(r"[\[{][^\]}]*[\]}]")


def speeches_of(text):
    """Yields each speech as a list of lines, stage directions left out."""
    for block in re.split(r"\n\s*\n", text):
        name, _, speech = block.strip().partition("\n")
        speech = STAGE_DIRECTION.sub(" ", speech).strip()
        if speech and SPEAKER.fullmatch(name.strip()):
            yield speech.splitlines()


def read_plays(folder):
    """Returns the speeches of every *.txt in `folder`, each a list of words that ends with END.

    A verse line begins with a capital whatever its first word is, so that word is written as it is
    written most often elsewhere.
    """
    paths = sorted(pathlib.Path(folder).glob("*.txt"))
    plays = [
        [[WORD.findall(line) for line in speech] for speech in speeches_of(path.read_text())]
        for path in paths
    ]
    written = collections.defaultdict(collections.Counter)
    for play in plays:
        for speech in play:
            for line in speech:
                for before, word in zip(line, line[1:]):
                    if before not in ".!?--":
                        written[word.lower()][word] += 1
    speeches = []
    for play in plays:
        for speech in play:
            words = []
            for line in speech:
                for place, word in enumerate(line):
                    if place == 0 or words[-1] in (".", "!", "?"):
                        forms = written[word.lower()]
                        word = forms.most_common(1)[0][0] if forms else word.lower()
                    words.append(word)
            if words:
                speeches.append(words + [END])
    return speeches


def split_held_out(speeches, block=25, every=20):
    """Splits off every `every`-th block of `block` speeches, whatever the seed is, so that any two
    runs are measured on the same words. Returns two lists of blocks: to learn from, held out."""
    blocks = [speeches[at : at + block] for at in range(0, len(speeches), block)]
    held_out = blocks[every // 2 :: every]
    learn = [b for i, b in enumerate(blocks) if i % every != every // 2]
    return learn, held_out


def prompt_words(prompt):
    """Splits what a user typed as the plays were split."""
    return WORD.findall(prompt) + [END]


def sentence(words):
    """Writes words as people write them: capitals after a full stop, no space before a comma."""
    text, capital = "", True
    for word in words:
        if word in (UNKNOWN, END):
            continue
        if word in ".,;:!?":
            text += word
        else:
            text += ("" if not text else " ") + (word[0].upper() + word[1:] if capital else word)
        capital = word in ".!?" or (capital and word == "--")
    return text
