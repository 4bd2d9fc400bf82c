// A real S3 server, Ceph's radosgw with its memory store, for one test program: started on free
// loopback ports when first asked for, stopped at the end. Where Debian's packages are not
// installed the program ends with 77, which CTest reports as skipped.
#pragma once

#include "mlopsctl/data/remote.hpp"

#include <string>

namespace mlopsctl::testing {

class Radosgw {
 public:
  static const Radosgw& running();

  std::string endpoint() const;  // http://127.0.0.1:PORT
  int port() const { return port_; }
  std::string access_key() const { return "AKIATESTTESTTEST0001"; }
  std::string secret_key() const { return "abcdefghijklmnopqrstuvwxyz0123456789ABCD"; }
  // Options of a remote on this server.
  data::RemoteOptions options() const;
  // Makes a bucket; its name is unique in this run.
  std::string new_bucket() const;

 private:
  Radosgw();
  ~Radosgw();
  std::string folder_;
  int port_ = 0;
};

}  // namespace mlopsctl::testing
