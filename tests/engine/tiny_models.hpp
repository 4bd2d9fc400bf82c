// config.json of small models of every family, with sizes that no vector or tile divides.
#pragma once

#include <string>
#include <vector>

namespace mlopsctl::testing {

struct TinyModel {
  const char* name;
  const char* config;
};

inline const std::vector<TinyModel>& tiny_models() {
  static const std::vector<TinyModel> all{
      {"gpt2",
       R"({"model_type":"gpt2","n_layer":2,"n_embd":40,"n_head":4,"n_positions":96,"vocab_size":331,
           "bos_token_id":0,"eos_token_id":0})"},
      {"llama3",
       R"({"model_type":"llama","num_hidden_layers":2,"hidden_size":48,"num_attention_heads":6,
           "num_key_value_heads":2,"head_dim":12,"intermediate_size":70,"vocab_size":301,
           "max_position_embeddings":512,"rms_norm_eps":1e-5,"rope_theta":10000.0,
           "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
             "high_freq_factor":4.0,"original_max_position_embeddings":64}})"},
      {"llama_biased",
       R"({"model_type":"llama","num_hidden_layers":1,"hidden_size":32,"num_attention_heads":2,
           "intermediate_size":56,"vocab_size":97,"max_position_embeddings":256,
           "attention_bias":true,"mlp_bias":true,"tie_word_embeddings":true,
           "rope_scaling":{"type":"linear","factor":4.0}})"},
      {"mistral",
       R"({"model_type":"mistral","num_hidden_layers":2,"hidden_size":64,"num_attention_heads":4,
           "num_key_value_heads":1,"intermediate_size":96,"vocab_size":131,
           "max_position_embeddings":256,"sliding_window":11})"},
      {"qwen2",
       R"({"model_type":"qwen2","num_hidden_layers":2,"hidden_size":56,"num_attention_heads":7,
           "num_key_value_heads":1,"intermediate_size":88,"vocab_size":151,
           "max_position_embeddings":256,"tie_word_embeddings":true,
           "rope_parameters":{"rope_type":"default","rope_theta":1000000.0}})"},
      {"qwen3",
       R"({"model_type":"qwen3","num_hidden_layers":2,"hidden_size":32,"num_attention_heads":4,
           "num_key_value_heads":2,"head_dim":20,"intermediate_size":60,"vocab_size":111,
           "max_position_embeddings":256,"rope_theta":1000000.0})"}};
  return all;
}

}  // namespace mlopsctl::testing
