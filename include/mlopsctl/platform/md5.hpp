// MD5, which names DVC's objects. A name, not a protection: nothing here relies on it against
// somebody who builds collisions.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mlopsctl {

// One digest after the other; an object belongs to one thread.
class Md5 {
 public:
  Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  ~Md5();

  void add(std::string_view bytes);
  // 32 lower-case hexadecimal digits of what was added; starts anew.
  std::string hexadecimal();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string md5_of(std::string_view bytes);

}  // namespace mlopsctl
