#include "engine/cuda/generator.hpp"

#include "mlopsctl/base/error.hpp"

#include "engine/requests.hpp"
#include "engine/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace mlopsctl::engine::cuda {

namespace {

constexpr std::size_t most_slots = most_batch;

std::size_t pages_for(std::size_t tokens) { return (tokens + page_tokens - 1) / page_tokens; }

int batch_bucket(std::size_t slots) { return static_cast<int>(std::bit_ceil(slots)); }

int splits_for(std::int32_t position) {
  return static_cast<int>(std::bit_ceil(static_cast<unsigned>(position / step_keys + 1)));
}

}  // namespace

Generator::Generator(Model& model, std::size_t batch_tokens)
    : model_(model),
      batch_tokens_(batch_tokens),
      tokens_(most_slots),
      positions_(most_slots),
      choosable_(most_slots),
      idle_(most_slots),
      choose_scratch_(choose_scratch(most_slots)),
      chosen_(2 * most_slots * sizeof(Scored)),
      row_(model.config().vocabulary) {
  // A warp reads a key at once, 16 bytes a lane.
  const std::size_t most_head = 32 * 16 / size_of(model.type());
  if (model.config().head_size > most_head)
    throw Error(
        ErrorKind::unavailable,
        fmt::format("the GPU engine generates in {} with heads of up to {}, this model's have {}",
                    to_string(model.type()), most_head, model.config().head_size),
        "use --dtype bfloat16 or --device cpu");
  choose_scratch_.clear();
  copy(std::vector<std::int32_t>(most_slots, -1), idle_.data());
}

Generator::~Generator() { drop_graphs(); }

void Generator::drop_graphs() {
  for (const auto& [key, graph] : graphs_) cudaGraphExecDestroy(graph);
  graphs_.clear();
}

LayerCaches Generator::caches() const {
  return {.memory = cache_.data(),
          .layer_bytes = pages_ * model_.page_bytes(),
          .table = table_.data(),
          .table_width = table_width_};
}

void Generator::prepare() {
  std::vector<std::size_t> needs;
  std::size_t longest = 1;
  for (const GenerateRequest& request : requests_) {
    const std::size_t tokens = request.prompt.size() + most_new_tokens(model_.config(), request);
    longest = std::max(longest, tokens);
    needs.push_back(pages_for(tokens));
  }
  std::sort(needs.begin(), needs.end(), std::greater<>());
  needs.resize(std::min(needs.size(), most_slots));
  std::size_t wanted = 0;
  for (const std::size_t need : needs) wanted += need;

  model_.reserve(static_cast<int>(most_slots));
  const int width = static_cast<int>(std::bit_ceil(pages_for(longest)));
  if (width > table_width_) {
    drop_graphs();
    table_width_ = width;
    table_ = gpu::DeviceArray<std::int32_t>(most_slots * static_cast<std::size_t>(width));
    const std::size_t bytes =
        step_scratch(model_.heads(), static_cast<int>(most_slots),
                     static_cast<int>(std::bit_ceil(longest / step_keys + 1)));
    attend_scratch_ = gpu::DeviceArray<std::byte>(bytes);
    attend_scratch_.clear();
  }
  if (logits_.size() == 0)
    logits_ =
        gpu::DeviceArray<float>(most_slots * static_cast<std::size_t>(model_.logits_leading()));
  if (wanted > pages_) {
    drop_graphs();
    cache_ = {};
    pages_ = 0;
    std::size_t free = 0, total = 0;
    gpu::check(cudaMemGetInfo(&free, &total), "tell its memory");
    const std::size_t page = model_.page_bytes() * model_.config().layers;
    const std::size_t pages = std::min(wanted, free / 10 * 8 / page);
    if (pages < needs.front())
      throw Error(ErrorKind::unavailable,
                  "the GPU has too little memory for the keys and values of " +
                      std::to_string(longest) + " tokens",
                  "generate fewer tokens, shorten the prompt, or use --device cpu");
    cache_ = gpu::DeviceArray<std::byte>(pages * page);
    pages_ = pages;
  }
  gpu::check(cudaDeviceSynchronize(), "clear memory");
  free_pages_.clear();
  for (std::size_t page = pages_; page > 0; --page)
    free_pages_.push_back(static_cast<std::int32_t>(page - 1));
}

bool Generator::admit() {
  const int tile_rows = attend_rows(model_.type(), model_.heads().size);
  const std::size_t before = slots_.size();
  Packing packing;
  for (; next_ < requests_.size() && slots_.size() < most_slots; ++next_) {
    const GenerateRequest& request = requests_[next_];
    const std::size_t most_new = most_new_tokens(model_.config(), request);
    if (most_new == 0) continue;
    const std::size_t pages = pages_for(request.prompt.size() + most_new);
    if (pages > free_pages_.size()) break;
    if (slots_.size() > before && packing.tokens.size() + request.prompt.size() > batch_tokens_)
      break;
    if (request.may_start && !request.may_start(slots_.empty())) {
      if (slots_.empty()) next_ = requests_.size();
      break;
    }
    Slot slot;
    slot.request = next_;
    slot.most_new = most_new;
    slot.position = static_cast<std::int32_t>(request.prompt.size()) - 1;
    slot.pages.assign(free_pages_.end() - static_cast<std::ptrdiff_t>(pages), free_pages_.end());
    free_pages_.resize(free_pages_.size() - pages);
    packing.add(request.prompt, tile_rows);
    packing.slots.resize(packing.tokens.size(), static_cast<std::int32_t>(slots_.size()));
    packing.rows.push_back(static_cast<std::int32_t>(packing.tokens.size()) - 1);
    slots_.push_back(std::move(slot));
  }
  if (slots_.size() == before) return false;
  packing.sort_tiles();
  upload_state();  // the table of pages
  prompts_.upload(packing, model_.stream());
  const LayerCaches all = caches();
  model_.forward(prompts_.packed(), &all);
  const int count = static_cast<int>(slots_.size() - before);
  const auto leading = static_cast<std::size_t>(model_.logits_leading());
  // The new slots' places are behind those of the old ones in every array.
  float* const logits = logits_.data() + before * leading;
  model_.logits(model_.final_rows(prompts_.rows(), count), count, logits);
  auto* const chosen = reinterpret_cast<Scored*>(chosen_.data());
  choose(model_.launch(), logits, model_.logits_leading(),
         static_cast<int>(model_.config().vocabulary), choosable_.data() + before, count,
         tokens_.data() + before, positions_.data() + before, choose_scratch_.data(), chosen);
  gpu::check(cudaStreamSynchronize(model_.stream()), "finish its work");
  for (std::size_t i = before; i < slots_.size(); ++i) {
    const std::size_t parity = static_cast<std::size_t>(slots_[i].position + 1) % 2;
    take(slots_[i], i, chosen[parity * static_cast<std::size_t>(count) + i - before]);
  }
  return true;
}

void Generator::upload_state() {
  std::vector<std::int32_t> tokens, positions, choosable;
  const auto width = static_cast<std::size_t>(table_width_);
  std::vector<std::int32_t> table(slots_.size() * width);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    tokens.push_back(slots_[i].token);
    positions.push_back(slots_[i].position);
    choosable.push_back(
        static_cast<std::int32_t>(choosable_rows(model_.config(), request_of(slots_[i]))));
    std::copy(slots_[i].pages.begin(), slots_[i].pages.end(),
              table.begin() + static_cast<std::ptrdiff_t>(i * width));
  }
  tokens.resize(most_slots, 0);
  positions.resize(most_slots, -1);
  copy(tokens, tokens_.data());
  copy(positions, positions_.data());
  copy(choosable, choosable_.data());
  copy(table, table_.data());
}

// In the order of the stream, which does not wait for copies without one.
void Generator::copy(const std::vector<std::int32_t>& from, std::int32_t* to) const {
  if (from.empty()) return;
  gpu::check(cudaMemcpyAsync(to, from.data(), from.size() * sizeof(std::int32_t),
                             cudaMemcpyHostToDevice, model_.stream()),
             "copy tokens to the GPU");
}

// The token of a request with a temperature, from the logits that are in its row.
std::int32_t Generator::drawn(const Slot& slot, std::size_t index, Scored& scored) {
  const auto leading = static_cast<std::size_t>(model_.logits_leading());
  gpu::check(cudaMemcpyAsync(row_.data(), logits_.data() + index * leading,
                             row_.size() * sizeof(float), cudaMemcpyDeviceToHost, model_.stream()),
             "copy logits from the GPU");
  gpu::check(cudaStreamSynchronize(model_.stream()), "copy logits from the GPU");
  const auto best = static_cast<std::size_t>(scored.argmax);
  const GenerateRequest& request = request_of(slot);
  const auto choosable = std::span(row_).first(choosable_rows(model_.config(), request));
  const std::int32_t id = sample(choosable, request, results_[slot.request].tokens.size());
  scored.log_probability += row_[static_cast<std::size_t>(id)] - row_[best];
  return id;
}

void Generator::take(Slot& slot, std::size_t index, const Scored& scored) {
  if (slot.ended) return;
  const GenerateRequest& request = request_of(slot);
  GenerateResult& result = results_[slot.request];
  Scored mine = scored;
  if (mine.broken != 0) {
    result.finite = false;
    slot.ended = true;
    return;
  }
  slot.token = mine.argmax;
  if (request.temperature > 0) {
    slot.token = drawn(slot, index, mine);
    copy({slot.token}, tokens_.data() + index);
  }
  slot.position += 1;
  result.tokens.push_back(slot.token);
  result.log_probabilities.push_back(mine.log_probability);
  const bool goes_on = !*on_token_ || (*on_token_)(slot.request, slot.token);
  if (!goes_on || std::ranges::find(request.stop, slot.token) != request.stop.end()) {
    result.finish = FinishReason::stop;
    slot.ended = true;
  } else if (result.tokens.size() >= slot.most_new) {
    slot.ended = true;
  }
}

StepState Generator::state(int batch, int splits) const {
  return {.batch = batch,
          .splits = splits,
          .tokens = tokens_.data(),
          .positions = positions_.data(),
          .choosable = choosable_.data(),
          .attend_scratch = attend_scratch_.data(),
          .choose_scratch = choose_scratch_.data(),
          .logits = logits_.data(),
          .chosen = reinterpret_cast<Scored*>(chosen_.data())};
}

cudaGraphExec_t Generator::graph(int batch, int splits) {
  if (graphs_version_ != model_.memory_version()) {
    drop_graphs();
    graphs_version_ = model_.memory_version();
  }
  const auto found = graphs_.find({batch, splits});
  if (found != graphs_.end()) return found->second;
  StepState idle = state(batch, splits);  // loads what it needs, which a capture might not
  idle.positions = idle_.data();
  model_.step(idle, caches());
  cudaGraph_t captured = nullptr;
  cudaGraphExec_t ready = nullptr;
  gpu::check(cudaStreamBeginCapture(model_.stream(), cudaStreamCaptureModeThreadLocal),
             "capture a step");
  model_.step(state(batch, splits), caches());
  gpu::check(cudaStreamEndCapture(model_.stream(), &captured), "capture a step");
  const cudaError_t status = cudaGraphInstantiate(&ready, captured, 0);
  cudaGraphDestroy(captured);
  gpu::check(status, "capture a step");
  graphs_.emplace(std::pair{batch, splits}, ready);
  return ready;
}

void Generator::launch_step(int batch, int ahead) {
  std::int32_t furthest = 0;
  for (const Slot& slot : slots_) furthest = std::max(furthest, slot.position + ahead);
  gpu::check(cudaGraphLaunch(graph(batch, splits_for(furthest)), model_.stream()), "start a step");
}

bool Generator::next_may_join() const {
  if (next_ >= requests_.size() || slots_.size() >= most_slots) return false;
  const GenerateRequest& request = requests_[next_];
  if (!request.may_start) return false;  // it waits for room, not for its time
  const std::size_t tokens = request.prompt.size() + most_new_tokens(model_.config(), request);
  return pages_for(tokens) <= free_pages_.size() && request.may_start(false);
}

void Generator::advance() {
  const int batch = batch_bucket(slots_.size());
  const auto stride = static_cast<std::size_t>(batch);
  const bool draws = std::ranges::any_of(
      slots_, [&](const Slot& slot) { return request_of(slot).temperature > 0; });
  const int most_ahead = draws ? 1 : 2;  // a drawn token has to be known before it is fed
  const auto* const chosen = reinterpret_cast<const Scored*>(chosen_.data());
  int running = 0;
  std::size_t started = 0, ended = 0;
  bool joined = false;
  const auto wanted = [&](const Slot& slot) {  // a token more than those that are on their way
    return !slot.ended &&
           results_[slot.request].tokens.size() + static_cast<std::size_t>(running) < slot.most_new;
  };
  for (;;) {
    while (!joined && running < most_ahead && std::ranges::all_of(slots_, wanted)) {
      launch_step(batch, running);
      gpu::check(cudaEventRecord(done_[started++ % 2], model_.stream()), "start a step");
      ++running;
    }
    if (running == 0) return;
    done_[ended++ % 2].wait();
    --running;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const std::size_t parity = static_cast<std::size_t>(slots_[i].position + 1) % 2;
      take(slots_[i], i, chosen[parity * stride + i]);
    }
    joined = joined || next_may_join();
  }
}

void Generator::drop_ended() {
  for (Slot& slot : slots_) {
    if (slot.ended) free_pages_.insert(free_pages_.end(), slot.pages.begin(), slot.pages.end());
  }
  std::erase_if(slots_, [](const Slot& slot) { return slot.ended; });
}

std::vector<GenerateResult> Generator::run(std::span<const GenerateRequest> requests,
                                           const OnToken& on_token) {
  requests_ = requests;
  on_token_ = &on_token;
  results_.assign(requests.size(), {});
  slots_.clear();
  next_ = 0;
  if (requests.empty()) return {};
  prepare();
  for (;;) {
    admit();
    drop_ended();
    if (slots_.empty()) {
      if (next_ >= requests_.size()) break;
      continue;
    }
    upload_state();
    advance();
    drop_ended();
  }
  return std::move(results_);
}

}  // namespace mlopsctl::engine::cuda
