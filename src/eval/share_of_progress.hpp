// Progress of a part of some work, told as a share of the whole: whoever does the part counts in
// units of its own.
#pragma once

#include "mlopsctl/base/progress.hpp"

namespace mlopsctl::eval {

class ShareOfProgress final : public Progress {
 public:
  // The part is worth `amount` of the whole's units, all of which have come when this ends.
  ShareOfProgress(Progress& whole, std::uint64_t amount) : whole_(whole), amount_(amount) {}
  ~ShareOfProgress() override { whole_.advance(amount_ - told_); }
  ShareOfProgress(const ShareOfProgress&) = delete;
  ShareOfProgress& operator=(const ShareOfProgress&) = delete;

  void start(std::string_view, std::uint64_t total, std::string_view) override {
    total_ = total;
    done_ = 0;
  }
  void advance(std::uint64_t amount) override {
    done_ += amount;
    if (total_ == 0 || done_ > total_) return;
    const auto share = static_cast<std::uint64_t>(
        static_cast<double>(amount_) * (static_cast<double>(done_) / static_cast<double>(total_)));
    if (share <= told_ || share > amount_) return;
    whole_.advance(share - told_);
    told_ = share;
  }
  void finish() override {}
  void warning(std::string_view text) override { whole_.warning(text); }
  void note(std::string_view text) override { whole_.note(text); }
  void detail(std::string_view text) override { whole_.detail(text); }

 private:
  Progress& whole_;
  std::uint64_t amount_, total_ = 0, done_ = 0, told_ = 0;
};

}  // namespace mlopsctl::eval
