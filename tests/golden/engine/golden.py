"""What transformers makes of a model in float32: logits, losses, embeddings, greedy continuations."""
import json

import torch

COLUMNS = 12  # of the logits that are kept of a long sequence
NEW_TOKENS = 20


def rounded(values):
    """To the digits that float32 has."""
    if isinstance(values, float):
        return float(f"{values:.7g}")
    if isinstance(values, list):
        return [rounded(value) for value in values]
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    return values


def hidden_states(model, tokens):
    """The last layer's, after the final norm: what the head reads."""
    return model(tokens, output_hidden_states=True).hidden_states[-1][0]


def sequence(model, tokens, all_columns):
    batch = torch.tensor([tokens])
    logits = model(batch).logits[0].double()
    hidden = hidden_states(model, batch)
    log_softmax = logits.log_softmax(-1)
    targets = batch[0, 1:, None]
    scores = log_softmax[:-1].gather(1, targets)[:, 0]
    size = logits.shape[1]
    columns = list(range(size)) if all_columns else [size * i // COLUMNS for i in range(COLUMNS)]
    return {
        "tokens": tokens, "columns": columns if not all_columns else None,
        "logits": logits[:, columns].tolist(), "log_sum_exp": logits.logsumexp(-1).tolist(),
        "argmax": logits.argmax(-1).tolist(), "log_probabilities": scores.tolist(),
        "loss": -scores.mean().item() if len(tokens) > 1 else None,
        "mean": hidden.mean(0).tolist(), "last": hidden[-1].tolist(),
    }


def greedy(model, prompt, new_tokens, margin):
    """Without a cache of keys. None if the best two are closer than `margin` anywhere."""
    tokens = list(prompt)
    for _ in range(new_tokens):
        best = model(torch.tensor([tokens])).logits[0, -1].topk(2)
        if best.values[0] - best.values[1] < margin:
            return None
        tokens.append(best.indices[0].item())
    return {"prompt": prompt, "tokens": tokens[len(prompt):]}


def random_tokens(generator, count, size):
    return torch.randint(size, (count,), generator=generator).tolist()


@torch.no_grad()
def of_random_tokens(model, lengths, seed):
    """Sequences of these lengths and two continuations that end within max_position_embeddings."""
    generator = torch.Generator().manual_seed(seed)
    size = model.config.vocab_size
    sequences = [sequence(model, random_tokens(generator, length, size), length < 4)
                 for length in lengths]
    continuations = []
    while len(continuations) < 2:
        found = greedy(model, random_tokens(generator, 3 + 14 * len(continuations), size), NEW_TOKENS,
                       1e-2)
        if found:
            continuations.append(found)
    return {"sequences": sequences, "greedy": continuations}


@torch.no_grad()
def of_texts(model, tokenizer, texts, prompts, strings):
    """Of texts cut to the model's positions; the ids of strings."""
    longest = model.config.max_position_embeddings
    ids = [tokenizer.encode(text).ids[:longest] for text in texts]
    continuations = [greedy(model, tokenizer.encode(prompt).ids, NEW_TOKENS, 1e-3)
                     for prompt in prompts]
    for found in continuations:
        found["text"] = tokenizer.decode(found["tokens"])
    return {"sequences": [sequence(model, tokens, False) for tokens in ids], "greedy": continuations,
            "strings": [{"text": text, "ids": tokenizer.encode(text).ids} for text in strings]}


def write(path, made_by, values):
    text = json.dumps(rounded({"made_by": made_by, **values}), separators=(",", ":"))
    for start in ("tokens", "prompt", "text"):
        text = text.replace('{"%s"' % start, '\n{"%s"' % start)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
