"""Writes the examples under tasks/ and what lm-evaluation-harness makes of the model in
examples/chatbot/model with these tasks and with those in examples/chatbot/eval:

    make.py [tasks] [eval]     of one of the two folders only; some minutes

results/results.json and results/samples_TASK.jsonl are the harness' own files, less what names this
machine; documents and prompts are kept of the tasks here only. Needs lm-eval, torch and transformers;
README.md in the folder above names the versions."""
import glob
import importlib.metadata
import json
import os
import pathlib
import sys
import tempfile

root = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(root / "examples" / "chatbot" / "model"))
os.environ["HF_HUB_OFFLINE"] = "1"

import lm_eval
import torch
from lm_eval.loggers import EvaluationTracker
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer

import data

here = pathlib.Path(__file__).parent
model = root / "examples" / "chatbot" / "model"
IN_GROUP = {"choices", "several"}  # tongues.yaml brings them
KEPT = ("results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better",
        "n-samples", "task_hashes", "lm_eval_version", "eot_token_id", "max_length")
KEPT_CONFIG = ("model", "model_num_parameters", "model_dtype", "batch_size", "limit", "bootstrap_iters",
               "random_seed", "numpy_seed", "torch_seed", "fewshot_seed")


def run(language_model, folder, names, output):
    """The harness reads data_files relative to where it is run."""
    os.chdir(folder)
    tracker = EvaluationTracker(output_path=str(output))
    found = lm_eval.simple_evaluate(
        language_model, tasks=names, evaluation_tracker=tracker, log_samples=True,
        task_manager=TaskManager(include_path=str(folder), include_defaults=False))
    samples = found.pop("samples")
    tracker.save_results_aggregated(results=found, samples=samples)
    for name, records in samples.items():
        tracker.save_results_samples(task_name=name, samples=records)


def only(path):
    (file,) = glob.glob(str(path))
    return pathlib.Path(file)


def merged(one, other):
    """Two results of one model as one."""
    return {key: {**value, **other.get(key, {})} if isinstance(value, dict) else value
            for key, value in one.items()} if one else other


def tidied(results):
    kept = {key: results[key] for key in KEPT if key in results}
    kept["config"] = {key: results["config"][key] for key in KEPT_CONFIG if key in results["config"]}
    kept["config"]["model"] = "examples/chatbot/model"
    kept["made_by"] = {name: importlib.metadata.version(name)
                       for name in ("lm_eval", "transformers", "tokenizers", "datasets")}
    kept["made_by"]["torch"] = torch.__version__.split("+")[0]
    for task in kept["configs"].values():
        task.pop("metadata", None)
    return kept


def copy_samples(source, target, whole):
    with open(target, "w", encoding="utf-8") as file:
        for line in source.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if not whole:
                del record["doc"], record["arguments"]
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def main():
    torch.set_num_threads(1)
    folders = {"tasks": here / "tasks", "eval": root / "examples" / "chatbot" / "eval"}
    data.make(Tokenizer.from_file(str(model / "tokenizer.json")), root / "examples" / "chatbot" / "data")
    # Its cache of logits takes two requests of the same tokens for one, wherever the continuation begins.
    language_model = HFLM(pretrained=str(model), dtype="float32", device="cpu", batch_size=1,
                          logits_cache=False)
    file = here / "results" / "results.json"
    file.parent.mkdir(exist_ok=True)
    all_results = json.loads(file.read_text()) if file.exists() else {}
    for key in sys.argv[1:] or folders:
        names = sorted({path.stem for path in folders[key].glob("*.yaml")} - IN_GROUP)
        with tempfile.TemporaryDirectory() as output:
            run(language_model, folders[key], names, output)
            results = tidied(json.loads(only(f"{output}/*/results_*.json").read_text()))
            for name in results["configs"]:
                copy_samples(only(f"{output}/*/samples_{name}_*.jsonl"),
                             file.parent / f"samples_{name}.jsonl", key == "tasks")
        all_results = merged(all_results, results)
    file.write_text(json.dumps(all_results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
