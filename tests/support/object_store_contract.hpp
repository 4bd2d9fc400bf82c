// What every object store must do, whatever it is made of.
#pragma once

#include "mlopsctl/data/object_store.hpp"

namespace mlopsctl::testing {

// The store must be empty. Fails the running doctest case where the contract is broken.
void check_object_store(data::ObjectStore& store);
void check_object_queue(data::ObjectStore& store);

}  // namespace mlopsctl::testing
