// Every constant of the default rules. Specification §17: uncertainty, percentages, toxicity, code,
// links, score and the two alerts. The rest are descriptors of drift.md §6, which touch no score.
#include "mlopsctl/quality/rules.hpp"

namespace mlopsctl::quality {

namespace {

PhraseRule phrases(std::vector<std::string> list, Folding match, bool whole_words = false) {
  return {std::move(list), match, whole_words};
}

void specification(RuleSet& rules) {
  rules.uncertainty = phrases({"I'm not sure", "I don't know", "might be", "could be", "possibly"},
                              Folding::letter_case);
  rules.percentages = {.signs = {"%"}, .most = 3};
  rules.toxicity = phrases({"hate", "stupid", "kill"}, Folding::letter_case);
  rules.code = phrases({"```"}, Folding::none);
  rules.links = phrases({"http"}, Folding::none);
  rules.score = {.start = 1.0,
                 .least = 0.0,
                 .penalties = {{{"uncertainty", {}, {}}, 0.2}, {{"toxicity", 0.5, {}}, 0.5}}};
  rules.alerts = {{"low_score", {"score", {}, 0.5}}, {"toxic", {"toxicity", 0.7, {}}}};
}

std::vector<LanguageWords> language_words() {
  // No word of one list is common in another language.
  return {{"en", {"the",  "and",   "of",   "to",   "is",   "you", "that", "it",  "for",
                  "with", "are",   "this", "be",   "have", "not", "your", "can", "from",
                  "was",  "which", "will", "they", "we",   "do",  "our",  "on",  "if"}},
          {"de", {"der",  "das", "und",  "ist",  "nicht", "ein",   "eine", "sie",
                  "mit",  "für", "auf",  "dem",  "von",   "zu",    "sich", "auch",
                  "wird", "ich", "sind", "oder", "wenn",  "haben", "kann", "bei"}},
          {"fr", {"le",   "les",  "et",    "est",  "des",  "une", "du",  "pour",
                  "dans", "vous", "pas",   "sur",  "avec", "ce",  "qui", "il",
                  "au",   "sont", "votre", "nous", "mais", "ou",  "être"}},
          {"es", {"el",   "los",   "las",  "y",       "es",     "una",  "del",
                  "por",  "su",    "pero", "está",    "usted",  "como", "más",
                  "este", "puede", "sus",  "también", "cuando", "muy",  "hay"}},
          {"it", {"il",   "che",  "di",    "è",   "per",   "non",    "della",
                  "sono", "gli",  "anche", "più", "nel",   "questo", "una",
                  "dei",  "alla", "può",   "ed",  "delle", "essere", "suo"}},
          {"pt", {"os",  "uma", "não",  "você", "são",  "para",   "mais", "ao",   "dos",  "é",
                  "seu", "sua", "isso", "em",   "pelo", "também", "foi",  "pode", "está", "ser"}},
          {"nl",
           {"het", "een", "en",  "van", "niet", "dat",  "op",    "te",  "met",  "voor", "zijn",
            "je",  "ik",  "aan", "ook", "maar", "deze", "wordt", "bij", "naar", "wat",  "heeft"}}};
}

void descriptors(RuleSet& rules) {
  rules.refusal.wording =
      phrases({"I can't help",           "I cannot help",           "I can't assist",
               "I cannot assist",        "I can't provide",         "I cannot provide",
               "I can't answer",         "I cannot answer",         "I can't fulfill",
               "I cannot fulfill",       "I can't comply",          "I cannot comply",
               "I can't do that",        "I cannot do that",        "I am unable to",
               "I'm unable to",          "I am not able to",        "I'm not able to",
               "I won't be able to",     "I must decline",          "I have to decline",
               "I'm sorry, but I can't", "I'm sorry, but I cannot", "as an AI language model",
               "as a language model",    "against my guidelines",   "goes against my programming"},
              Folding::lookalikes, true);
  rules.refusal.within = 200;
  rules.template_tokens = phrases({"<|im_start|>",
                                   "<|im_end|>",
                                   "<|endoftext|>",
                                   "<|eot_id|>",
                                   "<|begin_of_text|>",
                                   "<|end_of_text|>",
                                   "<|start_header_id|>",
                                   "<|end_header_id|>",
                                   "<|assistant|>",
                                   "<|user|>",
                                   "<|system|>",
                                   "<|end|>",
                                   "<start_of_turn>",
                                   "<end_of_turn>",
                                   "[INST]",
                                   "[/INST]",
                                   "<<SYS>>",
                                   "<</SYS>>",
                                   "</s>",
                                   "<pad>",
                                   "<unk>",
                                   "### Instruction:",
                                   "### Response:",
                                   "<｜end▁of▁sentence｜>"},
                                  Folding::none);
  rules.truncation.reasons = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens",
                              "model_length"};
  rules.language.words = language_words();
}

}  // namespace

RuleSet default_rules() {
  RuleSet rules;
  rules.version = "spec-17";
  specification(rules);
  descriptors(rules);
  rules.limits = {{"low_score", 0.05}, {"toxic", 0.01}};
  return rules;
}

}  // namespace mlopsctl::quality
