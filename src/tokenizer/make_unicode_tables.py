"""Writes unicode_tables.inc, the character classes as the `tokenizers` library sees them.

    make_unicode_tables.py > unicode_tables.inc     needs tokenizers==0.23.2 unicodedata2==15.0.0

Its regular expressions know Unicode 16, its normalization an older version; utf8proc, which
normalizes here, knows 15. So letters, numbers, marks and punctuation are asked of the library itself,
and "late" are the characters whose normalization it does not know yet: it leaves them as they are.
"""

import unicodedata2 as unicode
from tokenizers import Regex, normalizers, pre_tokenizers

assert unicode.unidata_version == "15.0.0"
POINTS = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]


def matching(pattern):
    return kept_by(pre_tokenizers.Split(Regex(pattern), "removed", True))


def kept_by(split):
    found = set()
    for begin in range(0, len(POINTS), 4096):
        text = "".join(map(chr, POINTS[begin : begin + 4096]))
        for piece, _ in split.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


MARKS = matching(r"\p{M}")


def late():
    found = set()
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        normalizer = getattr(normalizers, form)()
        found |= {c for c in POINTS if normalizer.normalize_str(chr(c)) != unicode.normalize(form, chr(c))}
    nfd = normalizers.NFD()
    for c in POINTS:  # between marks of high and of low combining class
        for text in ("a\u0345" + chr(c), "a" + chr(c) + "\u0334"):
            if nfd.normalize_str(text) != unicode.normalize("NFD", text):
                found.add(c)
    accents = normalizers.StripAccents()
    for c in POINTS:
        if c in MARKS and accents.normalize_str("a" + chr(c)) != "a":
            found.add(c)
    return found


def active():
    """Combining, or not certain to stay in NFC."""
    found = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # Hangul vowels and trailing consonants
    for c in POINTS:
        text = chr(c)
        if unicode.combining(text) or unicode.normalize("NFC", text) != text:
            found.add(c)
        parts = unicode.decomposition(text).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicode.normalize("NFC", text) == text:
            found.add(int(parts[1], 16))
    return found


def ranges(points):
    points = sorted(points)
    begin = previous = points[0]
    for c in points[1:] + [None]:
        if c != previous + 1:
            yield begin, previous
            begin = c
        previous = c


def write(name, points):
    items = [f"{{{a:#x}, {b:#x}}}" for a, b in ranges(points)]
    print(f"constexpr Range {name}[] = {{")
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > 100:
            print(line)
            line = "   "
        line += f" {item},"
    print(line + "};\n")


print("// Made by make_unicode_tables.py with tokenizers 0.23.2 and unicodedata2 15.0.0.\n")
write("letters", matching(r"\p{L}"))
write("numbers", matching(r"\p{N}"))
write("marks", MARKS)
write("punctuation", set(POINTS) - kept_by(pre_tokenizers.Punctuation("removed")))
write("nfc_active", active())
write("late", late())
