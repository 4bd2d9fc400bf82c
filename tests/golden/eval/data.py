"""Examples of the tasks under tasks/: what the example's own tasks do not have, such as letters
outside ASCII, empty contexts, several right answers and texts longer than the model's positions."""
import json
import pathlib

import plays

here = pathlib.Path(__file__).parent / "tasks"

QUESTIONS = [
    ("Wer ist der Prinz von Dänemark?", ["Hämlet", "Ödipus", "Ähnlich", "Ümit der Große"], 0),
    ("To be or not to be?", ["Être", "ne pas être", "生存", "Быть или не быть"], 1),
    ("Who's there?", ["Nay, answer me.", "Ναί", "Нет, отвечай мне", "否，回答我"], 0),
    ("What is the matter, my lord?", ["Between who?", "Ëntre ëux", "💀💀", "Words, words, wörds"], 3),
    ("What do you read?", ["Wörter", "Words, words, words.", "言葉", "parole"], 1),
    ("Where is the king?", ["à table", "in the north", "на севере", "北"], 1),
    ("Good night, sweet prince", ["and flights of angels", "ánd flïghts öf ängels", "天使", "ангелы"], 0),
    ("My kingdom for a", ["hôrse", "horse", "馬", "лошадь"], 1),
    ("O Romeo, Romeo! wherefore art thou", ["Romeo", "Roméo", "罗密欧", "Ромео"], 1),
    ("All the world's a", ["stage", "scène", "舞台", "сцена"], 0),
    ("The rest is", ["silence", "le silence", "静寂", "тишина"], 0),
    ("Et tu,", ["Brute", "Brutus", "Brüte", "布鲁图"], 3),
    ("Is this a dagger", ["which I see before me", "que je vois", "кинжал", "短剣"], 0),
    ("Double, double toil and", ["trouble", "troublé", "麻烦", "беда"], 0),
    ("She never told her", ["love", "läve", "爱", "любовь"], 2),
    ("If music be the food of", ["love", "l'amour", "愛", "любви"], 0),
    ("Thou art a", ["villain", "vïllain", "恶棍", "злодей"], 0),
    ("I am a", ["Jew", "soldier", "merchant 💀", "naïve café"], 1),
    ("What say you", ["to this?", "à ceci ?", "对此", "на это"], 0),
    ("Be not", ["afraid", "effrayé", "害怕", "напуган"], 0),
]

CONTEXTS = [
    ("", "HAMLET."), ("", "\n"), ("", " my lord"), ("", "x"), ("", "<|endoftext|>HAMLET."),
    ("HAMLET.\nWho's ", "there?"), ("HAMLET.\nWho's   ", "there?"), ("HAMLET.\n", "Who's there?"),
    ("HAMLET.\n\n", "\nWho's there?"), ("My lo", "rd, what"), ("My lord", ","), ("caf", "é"), ("生存", "还是毁灭"),
    ("The ", " king"), ("It is a", " thing"), ("x", " "),
    ("It is the east, and Juliet is the", " sun."), ("<|endoftext|>", "HAMLET."), ("O", "<|endoftext|>"),
]

ANSWERS = [
    ("HAMLET.\nMy lord,", ["I am", "I will not"]), ("KING.\nWhat,", ["my lord"]),
    ("ROMEO.\nI am", ["not", "a man"]), ("Ham.\nGood", ["my lord", "morrow", "night"]),
    ("IAGO.\nMy", ["lord"]), ("OTHELLO.\nO,", ["the", "my lord"]), ("MACBETH.\nI have", ["not"]),
    ("BRUTUS.\nWhat is the", ["matter"]), ("CASSIUS.\nWho", ["is"]), ("DUKE.\nI pray", ["you", "thee"]),
    ("PROSPERO.\nNow", ["I"]), ("ARIEL.\nI will", ["not", "be"]), ("Lear.\nGive me", ["the", "thy hand"]),
    ("ROSALIND.\nBy my", ["troth", "faith"]), ("SHYLOCK.\nThe", ["king"]), ("PORTIA.\nThen", ["must"]),
]


def write(name, rows):
    lines = (json.dumps({"id": str(i), **row}, ensure_ascii=False) for i, row in enumerate(rows))
    (here / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def cut(tokenizer, text, tokens):
    """The longest beginning of the text that has no more than so many tokens."""
    size = len(tokenizer.decode(tokenizer.encode(text).ids[:tokens]))
    while len(tokenizer.encode(text[:size]).ids) > tokens:
        size -= 1
    return text[:size]


def make(tokenizer, folder):
    held_out = plays.split(folder)["test"]
    write("choices.jsonl", [{"question": q, "choices": c, "answer": a} for q, c, a in QUESTIONS])
    write("several.jsonl", [{"question": q, "choices": c, "right": sorted({a, (a + i) % 4})}
                            for i, (q, c, a) in enumerate(QUESTIONS)])
    long = [(cut(tokenizer, held_out[i], tokens), " " + held_out[i + 3][:size])
            for i, (tokens, size) in enumerate(((500, 30), (511, 4), (512, 20), (513, 60), (900, 200)))]
    write("contexts.jsonl", [{"context": c, "target": t} for c, t in CONTEXTS + long])
    sizes = (1, 2, 100, 510, 511, 512, 513, 1023, 1024, 1025, 1300)
    texts = [cut(tokenizer, held_out[i], size) for i, size in enumerate(sizes)]
    more = ["Être ou ne pas être — 生存还是毁灭 💀", "  two  spaces\n\n\nthree lines  ", "naïve"]
    write("long_text.jsonl", [{"text": text} for text in texts + more])
    write("answers.jsonl", [{"prompt": p, "answers": a, "first": a[0]} for p, a in ANSWERS])
