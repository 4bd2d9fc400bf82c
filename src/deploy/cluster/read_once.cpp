#include "mlopsctl/deploy/read_once.hpp"

#include "deploy/cluster/fields.hpp"
#include "deploy/cluster/object_order.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

namespace mlopsctl {
namespace {

constexpr Milliseconds longest{5'000};  // that the beginning may take

bool is_lease(const ObjectRef& reference) { return reference.kind.starts_with("lease"); }

// What a deployment keeps for itself: no pod follows it.
bool is_note(const Json& object) {
  const std::string kind = deploy::text_at(object, "/kind");
  return kind == "Lease" || kind == "ConfigMap" || kind == "Secret";
}

// Several references to one kind: whose an object of the answer is would have to be guessed.
bool is_ambiguous(std::span<const ObjectRef> references) {
  std::set<std::string> lists, names;
  for (const auto& reference : references) {
    if (!reference.name.empty()) {
      names.insert(reference.kind);
    } else if (!lists.insert(reference.kind).second) {
      return true;
    }
  }
  return std::ranges::any_of(lists, [&](const auto& kind) { return names.contains(kind); });
}

}  // namespace

class ReadOnce::Memory final : public ForwardingCluster {
 public:
  Memory(Cluster& inner, Clock& clock) : ForwardingCluster(inner), clock_(clock) {}

  void end() {
    known_.clear();
    ended_ = true;
  }

  std::vector<Json> get(std::span<const ObjectRef> references) override {
    if (!known_.empty() && clock_.monotonic() - since_ > longest) end();
    if (ended_ || is_ambiguous(references)) return tried([&] { return inner_.get(references); });
    if (const auto missing = unknown(references); !missing.empty()) {
      if (known_.empty()) since_ = clock_.monotonic();
      learn(missing, tried([&] { return inner_.get(missing); }));
    }
    std::vector<Json> found;
    for (const auto& reference : references) {
      const auto& objects = find(reference)->objects;
      found.insert(found.end(), objects.begin(), objects.end());
    }
    return found;
  }

  Json create(const Json& manifest) override {
    Json stored = tried([&] { return inner_.create(manifest); });
    changed(stored, true);
    return stored;
  }

  Json patch(const ObjectRef& object, PatchKind kind, const Json& patch) override {
    Json stored = tried([&] { return inner_.patch(object, kind, patch); });
    changed(stored, kind == PatchKind::json);
    return stored;
  }

  void remove(const ObjectRef& object) override {
    end();
    inner_.remove(object);
  }
  std::vector<Json> apply(std::span<const Json> manifests, bool dry_run) override {
    end();
    return inner_.apply(manifests, dry_run);
  }

 private:
  struct Answer {
    ObjectRef reference;
    std::vector<Json> objects;  // of a name at most one
    std::uint64_t read = 0;     // grows with each call
  };

  template <class Action>
  std::invoke_result_t<Action> tried(const Action& action) {
    try {
      return action();
    } catch (...) {
      end();
      throw;
    }
  }

  const Answer* find(const ObjectRef& reference) const {
    const auto found = std::ranges::find(known_, reference, &Answer::reference);
    return found == known_.end() ? nullptr : &*found;
  }

  // What has to be read. All of it where the lock would be told by an older look than the others.
  std::vector<ObjectRef> unknown(std::span<const ObjectRef> references) const {
    std::vector<ObjectRef> missing;
    std::uint64_t lock = ~std::uint64_t{0}, latest = 0;
    for (const auto& reference : references) {
      const Answer* answer = find(reference);
      if (answer == nullptr) {
        missing.push_back(reference);
      } else if (is_lease(reference)) {
        lock = answer->read;
      } else {
        latest = std::max(latest, answer->read);
      }
    }
    const bool with_lock = std::ranges::any_of(references, is_lease);
    const bool all = with_lock && (!missing.empty() || lock < latest);
    return all ? std::vector<ObjectRef>(references.begin(), references.end()) : missing;
  }

  void learn(std::span<const ObjectRef> references, const std::vector<Json>& objects) {
    ++reads_;
    for (const auto& reference : references) {
      std::erase_if(known_, [&](const Answer& old) { return old.reference == reference; });
      Answer answer{.reference = reference, .objects = {}, .read = reads_};
      for (const auto& object : objects) {
        const bool named =
            reference.name.empty() || reference.name == deploy::text_at(object, "/metadata/name");
        if (named && deploy::is_of_kind(object, reference.kind)) answer.objects.push_back(object);
      }
      known_.push_back(std::move(answer));
    }
  }

  // `step`: no claim, which writes an annotation only.
  void changed(const Json& stored, bool step) {
    if (deploy::is_of_kind(stored, "event")) return;
    if (step && !is_note(stored)) end();
    ++reads_;
    const std::string name = deploy::text_at(stored, "/metadata/name");
    std::erase_if(known_, [](const Answer& answer) { return answer.reference.name.empty(); });
    for (auto& answer : known_) {
      if (answer.reference.name != name || !deploy::is_of_kind(stored, answer.reference.kind))
        continue;
      answer.objects = {stored};
      answer.read = reads_;
    }
  }

  Clock& clock_;
  std::vector<Answer> known_;
  Milliseconds since_{0};  // when the oldest of it was read
  std::uint64_t reads_ = 0;
  bool ended_ = false;
};

class ReadOnce::WaitingClock final : public Clock {
 public:
  WaitingClock(Clock& inner, Memory& memory) : inner_(inner), memory_(memory) {}
  Timestamp wall() override { return inner_.wall(); }
  Milliseconds monotonic() override { return inner_.monotonic(); }
  bool sleep(Milliseconds time) override {
    if (time > Milliseconds{0}) memory_.end();
    return inner_.sleep(time);
  }

 private:
  Clock& inner_;
  Memory& memory_;
};

ReadOnce::ReadOnce(Cluster& inner, Clock& clock)
    : memory_(std::make_unique<Memory>(inner, clock)),
      clock_(std::make_unique<WaitingClock>(clock, *memory_)) {}
ReadOnce::~ReadOnce() = default;

Cluster& ReadOnce::cluster() { return *memory_; }
Clock& ReadOnce::clock() { return *clock_; }
void ReadOnce::end() { memory_->end(); }

}  // namespace mlopsctl
