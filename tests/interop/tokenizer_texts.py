"""Texts that tokenizers find hard, from a seed."""

import random

# Article 1 of the Universal Declaration of Human Rights, and lines in the same spirit.
SENTENCES = [
    "All human beings are born free and equal in dignity and rights. They're endowed with reason.",
    "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren; groß, Straße, Übermut.",
    "Todos los seres humanos nacen libres e iguales en dignidad y derechos. ¿Y los niños? ¡También!",
    "Все люди рождаются свободными и равными в своём достоинстве и правах.",
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心。",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.",
    "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.",
    "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İSTANBUL ışık",
    "எல்லா மனிதர்களும் சுதந்திரமாகவே பிறக்கின்றனர்.",
    "ყველა ადამიანი იბადება თავისუფალი და თანასწორი.",
    "def f(x):\n\treturn {\"a\": [1, 2.5e-3, x ** 2], 'b': None}  # why not?\n\n\nclass A:\n    pass\n",
    "In 2024, 1,234,567 people paid $99.95 (or €1.000,50) – that's 12345678901234567890!",
]
SCRIPTS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x80, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x52F), (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F),
    (0x2070, 0x218F), (0x2190, 0x27BF), (0x2E80, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
    (0xFE00, 0xFFFD), (0x10000, 0x107FF), (0x1D400, 0x1D7FF), (0x1F100, 0x1F9FF), (0x1F1E6, 0x1F1FF), (0x20000, 0x2A6DF),
    (0xE0000, 0xE01EF),
]  # fmt: skip
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n", "\n ", "\u00a0", "\u2003", "\u3000", "\u200b", "\u0085", "\u180e", "\x0b"]
ODD = [
    "'s", "'S", "'\u017f", "'re", "'LL", "'ve", "don't", "I'M", "'", "''", "\u2019s", "\u2581", "\u2581\u2581", "<0x41>",
    "<0xE4>", "\u00e9", "e\u0301", "\u1e9b\u0323", "\u0344", "\u0958", "\ud55c", "\u1112\u1161\u11ab", "\u212b", "\u2126",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "\u00bd", "\u00b2", "\u2167", "\u0663",
    "\U0001d7d8", "\ufeff", "\ufffd", "\x00", "\u0130", "\ufb01", "New York", "New Yorker", "Caf\u00e9", "CAF\u00c9", "tok",
    "token", "``", "--", "http://a.b/c?d=e&f=1", "\u01c5", "\u03a3", "a\u0315\u0300\u05ae\u0062",
]  # fmt: skip


class Texts:
    def __init__(self, seed, added):
        self.random = random.Random(seed)
        self.added = added

    def point(self):
        low, high = self.random.choice(SCRIPTS)
        if self.random.random() < 0.1:
            low, high = 1, 0x10FFFF
        code = self.random.randint(low, high)
        return "?" if 0xD800 <= code <= 0xDFFF else chr(code)

    def piece(self):
        kind = self.random.random()
        sentence = self.random.choice(SENTENCES)
        if kind < 0.3:
            begin = self.random.randrange(len(sentence))
            return sentence[begin : begin + self.random.randint(1, 40)]
        if kind < 0.45:
            return "".join(self.point() for _ in range(self.random.randint(1, 8)))
        if kind < 0.6:
            return "".join(self.random.choice(SPACES) for _ in range(self.random.randint(1, 4)))
        if kind < 0.7:
            return str(self.random.randrange(10 ** self.random.randint(1, 9)))
        if kind < 0.9:
            return self.random.choice(ODD)
        if kind < 0.95 and self.added:
            return self.random.choice(self.added)
        return self.random.choice("aZ .,;:!?-_/\\\"'()[]{}<>|&%$#@~^`+=*") * self.random.randint(1, 5)

    def text(self):
        if self.random.random() < 0.05:
            return "".join(self.random.choice(SENTENCES) for _ in range(self.random.randint(1, 5)))
        return "".join(self.piece() for _ in range(self.random.randint(0, 12)))

    def invalid(self):
        """A text as bytes, some of which are no UTF-8."""
        data = bytearray(self.text().encode())
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(data))
            data[at:at] = bytes(self.random.choice([0x80, 0xC3, 0xE2, 0x82, 0xF0, 0x9F, 0xED, 0xA0, 0xFF]) for _ in range(3))
        return bytes(data)
