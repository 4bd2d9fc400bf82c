"""A language model that is learned while it reads: word n-grams of every length up to `order`,
interpolated with weights that online expectation-maximisation learns, and a cache of recent words.

For a history h, with h' the history without its oldest word and c(h) how often h was read before:

    p(w | h) = a * c(h w) / c(h)  +  (1 - a) * p(w | h')        a = weight[length][bucket of c(h)]

down to the uniform distribution. On top, the last `cache` words are mixed in: who has just said
"crown" is likely to say it again. Every weight is learned on words before they are counted, which
is the same as on words held out, so a weight says how far a history of that length can be trusted.
"""

import collections
import json
import math

BUCKETS = 20


class Model:
    def __init__(self, vocabulary, order=3, cache=0, rate=0.02):
        if order < 1:
            raise ValueError("order must be at least 1")
        self.vocabulary = vocabulary
        self.order, self.cache, self.rate = order, cache, rate
        self.ids = {word: number for number, word in enumerate(vocabulary)}
        # Index k holds the n-grams of k+1 words. An n-gram is one integer, a number in base
        # len(vocabulary): much faster in a dict than a tuple.
        self.counts = [collections.defaultdict(int) for _ in range(order)]
        self.totals = [collections.defaultdict(int) for _ in range(order)]
        self.weights = [[0.5] * BUCKETS for _ in range(order)]
        self.cache_weight = 0.05 if cache else 0.0

    def numbers(self, words, unknown):
        return [self.ids.get(word, self.ids[unknown]) for word in words]

    def read(self, block, learn):
        """Goes through one block of words (numbers). Returns the sum of -ln p(word), each word
        predicted before it is learned; with `learn` off nothing changes."""
        size, order, counts, totals = len(self.vocabulary), self.order, self.counts, self.totals
        weights, rate, limit = self.weights, self.rate if learn else 0.0, self.cache
        mix = self.cache_weight
        recent, recently = collections.deque(), collections.Counter()
        histories = [0] * order  # histories[k]: the last k words as one number
        loss, log, uniform = 0.0, math.log, 1.0 / size
        for word in block:
            p = uniform
            for k in range(order):
                history = histories[k]
                total = totals[k].get(history, 0)
                if total:
                    seen = counts[k].get(history * size + word, 0) / total
                    bucket = total.bit_length()
                    a = weights[k][bucket]
                    p, below = a * seen + (1.0 - a) * p, p
                    if rate:
                        weights[k][bucket] = a + rate * (a * seen / p - a)
                elif not learn:
                    break
            if limit:
                if recent:
                    share = mix * recently[word] / len(recent)
                    p = share + (1.0 - mix) * p
                    if rate:
                        mix += 0.1 * rate * (share / p - mix)
                recent.append(word)
                recently[word] += 1
                if len(recent) > limit:
                    recently[recent.popleft()] -= 1
            loss -= log(p)
            if learn:
                for k in range(order):
                    counts[k][histories[k] * size + word] += 1
                    totals[k][histories[k]] += 1
            for k in range(order - 1, 0, -1):
                histories[k] = histories[k - 1] * size + word
        self.cache_weight = mix
        return loss

    def reply(self, prompt, end, unknown, rng, boldness=0.6, limit=60):
        """Answers `prompt` (numbers): draws words until `end`. Drawing goes down the same ladder as
        p(w | h); a `boldness` below 1 trusts long histories and frequent words more."""
        histories = [0] * self.order
        recent = collections.deque(maxlen=self.cache or 1)
        followers = self._followers()

        def take(word):
            for k in range(self.order - 1, 0, -1):
                histories[k] = histories[k - 1] * len(self.vocabulary) + word
            recent.append(word)

        def draw():
            if self.cache and rng.random() < self.cache_weight:
                return rng.choice(recent)
            for k in range(self.order - 1, -1, -1):
                words = followers[k].get(histories[k])
                if words and rng.random() < self._trust(k, histories[k]) ** boldness:
                    return rng.choices(words[0], [count ** (1 / boldness) for count in words[1]])[0]
            return self.ids[unknown]

        for word in prompt:
            take(word)
        words = []
        while len(words) < limit:
            word = draw()
            if word == self.ids[unknown] or (word == self.ids[end] and not words):
                continue
            if word == self.ids[end]:
                break
            take(word)
            words.append(word)
        return [self.vocabulary[word] for word in words]

    def _trust(self, k, history):
        return self.weights[k][self.totals[k][history].bit_length()]

    def _followers(self):
        size = len(self.vocabulary)
        followers = [{} for _ in range(self.order)]
        for table, counts in zip(followers, self.counts):
            for ngram, count in counts.items():
                words, times = table.setdefault(ngram // size, ([], []))
                words.append(ngram % size)
                times.append(count)
        return followers

    def save(self, path):
        """Writes everything as one JSON object; an n-gram and its count alternate in "ngrams"."""
        document = {
            "format": "chatbot-ngram/1",
            "order": self.order,
            "cache": self.cache,
            "rate": self.rate,
            "cache_weight": self.cache_weight,
            "weights": self.weights,
            "vocabulary": self.vocabulary,
            "ngrams": [
                [n for pair in sorted(table.items()) for n in pair] for table in self.counts
            ],
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"))

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document.get("format") != "chatbot-ngram/1":
            raise ValueError(f"{path} is not a model that train.py saved")
        model = cls(document["vocabulary"], document["order"], document["cache"], document["rate"])
        model.cache_weight, model.weights = document["cache_weight"], document["weights"]
        size = len(model.vocabulary)
        for k, flat in enumerate(document["ngrams"]):
            for ngram, count in zip(flat[::2], flat[1::2]):
                model.counts[k][ngram] = count
                model.totals[k][ngram // size] += count
        return model
