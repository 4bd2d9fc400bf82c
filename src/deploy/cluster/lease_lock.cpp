#include "deploy/cluster/lease_lock.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/http.hpp"

#include "deploy/cluster/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mlopsctl::deploy {
namespace {

constexpr Milliseconds look_again{2'000};   // at a lease that may be dead
constexpr Milliseconds renew_again{2'000};  // after a renewal that did not work
constexpr int attempts = 4;

Json operation(const char* what, const std::string& path, const Json& value) {
  return {{"op", what}, {"path", path}, {"value", value}};
}

// How long the same renewTime of the same holder has been seen.
struct Watched {
  std::string holder, renewed;
  Milliseconds since{0};
};

}  // namespace

LeaseLock::LeaseLock(Cluster& cluster, Clock& clock, const std::string& app)
    : cluster_(&cluster), clock_(&clock), app_(app), holder_(new_holder()) {}

LeaseLock LeaseLock::take(Cluster& cluster, Clock& clock, const std::string& app,
                          Milliseconds patience, const Check& check) {
  LeaseLock lock(cluster, clock, app);
  const Milliseconds began = clock.monotonic();
  Watched watched;
  // A lost race is followed by another look; more than a few would be a server that contradicts
  // itself.
  for (int races = 0; races < 20;) {
    const auto lease = get_one(cluster, lock.reference());
    if (!lease) {
      check(nullptr);
      if (lock.create()) return lock;
      ++races;
      continue;
    }
    const LeaseFacts facts = lease_facts(*lease);
    const Milliseconds now = clock.monotonic();
    if (facts.holder == lock.holder_) {  // written by a request that seemed to have failed
      lock.transitions_ = facts.transitions;
      lock.seen(*lease, now - renew_every);
      return lock;
    }
    const bool still = facts.holder == watched.holder && facts.renewed == watched.renewed;
    const bool stale = still && now - watched.since >= facts.duration;
    if (facts.holder.empty() || stale || holder_has_ended(*lease)) {
      check(&*lease);
      if (lock.take_from(facts)) return lock;
      ++races;
      continue;
    }
    if (!still && !watched.holder.empty()) lock.refuse(facts);  // it was renewed: somebody lives
    if (!still) watched = {.holder = facts.holder, .renewed = facts.renewed, .since = now};
    if (now - began >= patience) lock.refuse(facts);
    const Milliseconds left = std::min(began + patience, watched.since + facts.duration) - now;
    if (clock.sleep(std::clamp(left, Milliseconds{1}, look_again))) throw StopAsked{};
  }
  throw Error{ErrorKind::conflict, fmt::format("the lock of '{}' could not be taken", app),
              fmt::format("others are taking it at the same time; see 'kubectl get lease {}'",
                          lock.reference().name)};
}

void LeaseLock::refuse(const LeaseFacts& facts) const {
  Timestamp renewed;
  try {
    renewed = parse_time(facts.renewed, {});
  } catch (const Error&) {  // shown as very old
  }
  throw Error{
      ErrorKind::conflict,
      fmt::format("'{}' is being deployed by {}, which renewed its lock {}", app_,
                  shown_holder(facts.holder), human_age(renewed, clock_->wall())),
      fmt::format("'mlopsctl deploy status {}' shows what it does; if it is dead, the lock is free "
                  "after {}",
                  app_, human_duration(facts.duration))};
}

bool LeaseLock::create() {
  const Milliseconds now = clock_->monotonic();
  const std::string time = micro_time(clock_->wall());
  try {
    const Json lease =
        cluster_->create({{"apiVersion", "coordination.k8s.io/v1"},
                          {"kind", "Lease"},
                          {"metadata",
                           {{"name", reference().name},
                            {"labels", {{manager_label, "mlopsctl"}, {app_label, app_}}},
                            {"annotations", {{process_annotation, this_process()}}}}},
                          {"spec",
                           {{"holderIdentity", holder_},
                            {"leaseDurationSeconds", lease_duration.count() / 1000},
                            {"acquireTime", time},
                            {"renewTime", time},
                            {"leaseTransitions", 0}}}});
    seen(lease, now);
    return true;
  } catch (const ClusterError& error) {
    if (error.outcome_unknown() || error.failure() == ClusterFailure::exists) return false;
    throw;
  }
}

bool LeaseLock::take_from(const LeaseFacts& facts) {
  const Milliseconds now = clock_->monotonic();
  const std::string time = micro_time(clock_->wall());
  const Json patch{
      {"metadata",
       {{"resourceVersion", facts.version},
        {"annotations", {{request_annotation, nullptr}, {process_annotation, this_process()}}}}},
      {"spec",
       {{"holderIdentity", holder_},
        {"leaseDurationSeconds", lease_duration.count() / 1000},
        {"acquireTime", time},
        {"renewTime", time},
        {"leaseTransitions", facts.transitions + 1}}}};
  try {
    const Json lease = cluster_->patch(reference(), PatchKind::merge, patch);
    transitions_ = facts.transitions + 1;
    seen(lease, now);
    return true;
  } catch (const ClusterError& error) {
    if (error.outcome_unknown() || error.failure() == ClusterFailure::conflict ||
        error.failure() == ClusterFailure::not_found)
      return false;
    throw;
  }
}

void LeaseLock::seen(const Json& lease, Milliseconds sent) {
  request_ = annotation_of(lease, request_annotation);
  renewed_ = sent;
  next_renewal_ = sent + renew_every;
}

bool LeaseLock::is_ours(const Json& lease) const {
  const LeaseFacts facts = lease_facts(lease);
  return facts.holder == holder_ && facts.transitions == transitions_;
}

void LeaseLock::require_ours(const Json* lease) const {
  if (lease == nullptr)
    throw LockLost(fmt::format("the lock of '{}' was deleted by somebody else", app_));
  if (is_ours(*lease)) return;
  const std::string holder = lease_facts(*lease).holder;
  throw LockLost(
      holder.empty()
          ? fmt::format("the lock of '{}' was taken and let go by somebody else", app_)
          : fmt::format("the lock of '{}' is held by {} now", app_, shown_holder(holder)));
}

bool LeaseLock::was_done(const Done& done, Milliseconds sent) {
  const auto lease = get_one(*cluster_, reference());
  if (lease && done(*lease)) {
    seen(*lease, sent);
    return true;
  }
  require_ours(lease ? &*lease : nullptr);
  request_ = annotation_of(*lease, request_annotation);
  return false;
}

Json LeaseLock::guarded(const Json& operations) const {
  Json patch = Json::array({operation("test", "/spec/holderIdentity", holder_),
                            operation("test", "/spec/leaseTransitions", transitions_)});
  patch.insert(patch.end(), operations.begin(), operations.end());
  return patch;
}

void LeaseLock::update(const Json& operations, const Done& done) {
  const Json patch = guarded(operations);
  for (int attempt = 1;; ++attempt) {
    const Milliseconds sent = clock_->monotonic();
    try {
      seen(cluster_->patch(reference(), PatchKind::json, patch), sent);
      return;
    } catch (const ClusterError& error) {
      const bool refused = error.failure() == ClusterFailure::conflict ||
                           error.failure() == ClusterFailure::not_found;
      if (!refused && !error.outcome_unknown()) throw;
      if (was_done(done, sent)) return;
      if (attempt == attempts) throw;
    }
    clock_->sleep(retry_delay({.first_delay = Milliseconds{200}}, attempt));
  }
}

void LeaseLock::save(const std::string& state) {
  const std::string time = micro_time(clock_->wall());
  const Json operations = Json::array({operation("replace", "/spec/renewTime", time),
                                       operation("add", annotation_path(state_annotation), state)});
  update(operations, [&](const Json& lease) {
    return is_ours(lease) && annotation_of(lease, state_annotation) == state;
  });
}

// A renewal whose answer got lost is simply made again when the next one is due.
void LeaseLock::keep() {
  const Milliseconds sent = clock_->monotonic();
  if (sent < next_renewal_) return;
  const std::string time = micro_time(clock_->wall());
  const Json operations = Json::array({operation("replace", "/spec/renewTime", time)});
  try {
    seen(cluster_->patch(reference(), PatchKind::json, guarded(operations)), sent);
  } catch (const ClusterError& error) {
    if (error.failure() == ClusterFailure::conflict ||
        error.failure() == ClusterFailure::not_found) {
      update(operations, [&](const Json& lease) {
        return is_ours(lease) && lease_facts(lease).renewed == time;
      });
      return;
    }
    next_renewal_ = clock_->monotonic() + renew_again;
    const bool expired = clock_->monotonic() - renewed_ >= lease_duration;
    if (!error.outcome_unknown() || expired) throw;
  }
}

void LeaseLock::finish(const std::string& state) {
  const Json operations = Json::array({operation("add", annotation_path(state_annotation), state),
                                       {{"op", "remove"}, {"path", "/spec/holderIdentity"}}});
  update(operations, [&](const Json& lease) {
    return lease_facts(lease).holder.empty() && annotation_of(lease, state_annotation) == state;
  });
}

void LeaseLock::release() {
  cluster_->patch(reference(), PatchKind::json,
                  guarded(Json::array({{{"op", "remove"}, {"path", "/spec/holderIdentity"}}})));
}

Request LeaseLock::take_request() {
  if (request_.empty()) return Request::none;
  const std::string asked = request_;
  const std::string path = annotation_path(request_annotation);
  try {
    update(Json::array({operation("test", path, asked), {{"op", "remove"}, {"path", path}}}),
           [&](const Json& lease) {
             return is_ours(lease) && annotation_of(lease, request_annotation) != asked;
           });
  } catch (const ClusterError& error) {
    // Still there the next time, or another one is there by now.
    if (error.outcome_unknown() || error.failure() == ClusterFailure::conflict)
      return Request::none;
    throw;
  }
  return request_.empty() ? request_of(asked) : Request::none;  // replaced: the new one is next
}

Milliseconds LeaseLock::until_renewal() const {
  return std::max(next_renewal_ - clock_->monotonic(), Milliseconds{0});
}

}  // namespace mlopsctl::deploy
