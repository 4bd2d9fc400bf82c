"""Writes new_characters.inc: letters, marks and numbers that PCRE2's Unicode may not know yet.

    make_new_characters.py > new_characters.inc     needs tokenizers==0.23.2 and Python 3.11

The regular expressions of `tokenizers` know Unicode 16; PCRE2 10.42, of Debian 12, knows Unicode 14, as
Python 3.11 does."""

import unicodedata

from tokenizers import Regex, pre_tokenizers

assert unicodedata.unidata_version == "14.0.0"
POINTS = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF and unicodedata.category(chr(c)) == "Cn"]


def matching(pattern):
    found = set()
    split = pre_tokenizers.Split(Regex(pattern), "removed", True)
    for begin in range(0, len(POINTS), 4096):
        for piece, _ in split.pre_tokenize_str("".join(map(chr, POINTS[begin : begin + 4096]))):
            found.update(map(ord, piece))
    return sorted(found)


def ranges(points):
    begin = previous = points[0]
    for c in [*points[1:], None]:
        if c != previous + 1:
            yield f"\\x{{{begin:x}}}" + (f"-\\x{{{previous:x}}}" if previous > begin else "")
            begin = c
        previous = c


print("// Made by make_new_characters.py with tokenizers 0.23.2.\n")
print("constexpr NewCharacters new_characters[] = {")
for category in ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"):
    points = matching(rf"\p{{{category}}}")
    if not points:
        continue
    print(f'    {{"{category}",')
    line = ""
    for one in [*ranges(points), None]:
        if one is None or len(line) + len(one) > 84:
            print(f'     R"({line})"' + ("}," if one is None else ""))
            line = ""
        line += one or ""
print("};")
