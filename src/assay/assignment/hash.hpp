#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "assay/base/result.hpp"

/// Who gets which arm: hashes, weights, layers, designs, and the replay of a log against them.
namespace assay::assignment {

/// How a unit's id becomes a position between 0 and 1. Every method is written out here so that
/// another language can do the same; docs/capabilities/assign.md has test vectors.
///
/// - `assay`: h = XXH64(salt, one zero byte, unit id; seed 0), position = (h >> 11) * 2^-53, in
///   [0, 1). XXH64 because its definition is frozen, short (64-bit integer arithmetic alone, no
///   tables, no 128-bit product as XXH3 needs) and at hand everywhere: Python, Go, Java, JavaScript
///   and Rust packages, ClickHouse `xxHash64`, Trino `xxhash64`. The zero byte keeps (ab, c) and
///   (a, bc) apart.
/// - `growthbook_v1`: FNV-1a of 32 bits over (unit id, salt), mod 1,000. Known to correlate between
///   experiments that run at once; here to replay logs, not for new experiments.
/// - `growthbook_v2`: FNV-1a of 32 bits over the decimal text of FNV-1a(salt, unit id), mod 10,000.
///   Both take the UTF-16 code units of the texts, as the JavaScript SDK does.
/// - `murmur3`: MurmurHash3_x86_32 in the form below; buckets.
/// - `planout`: SHA-1 of "salt.unit id", its first 15 hexadecimal digits over 0xFFFFFFFFFFFFFFF, in
///   [0, 1]; WeightedChoice. The salt is "experiment.parameter".
/// - `planout_uniform`: the same hash mod the number of arms: UniformChoice, equal arms only.
///
/// Sources: GrowthBook sdk-js 8f1db445 `util.ts`; MurmurHash3 by A. Appleby (public domain);
/// PlanOut eee76478 `python/planout/ops/random.py`; XXH64 specification 0.1.1 by Y. Collet.
enum class HashMethod : std::uint8_t {
  assay,
  growthbook_v1,
  growthbook_v2,
  murmur3,
  planout,
  planout_uniform
};

/// "assay", "growthbook_v1", ...
std::string_view to_text(HashMethod method);

/// What is hashed by murmur3, and how a hash becomes a bucket. The default is (unit id, zero byte,
/// salt), seed 0, mod 10,000. Optimizely: unit_first, no separator, seed 1, multiply, 10,000.
/// Unleash: salt_first, ":", seed 0, modulo, 100 (it counts buckets from 1).
struct Murmur3Form {
  enum class Order : std::uint8_t { unit_first, salt_first } order = Order::unit_first;
  enum class Reduce : std::uint8_t {
    modulo,   ///< hash mod buckets.
    multiply  ///< floor(hash * buckets / 2^32).
  } reduce = Reduce::modulo;
  std::string separator = std::string(1, '\0');
  std::uint32_t seed = 0;
  std::uint32_t buckets = 10'000;  ///< At least 2.
};

struct HashRule {
  HashMethod method = HashMethod::assay;
  std::string salt;
  Murmur3Form murmur3;  ///< murmur3 only.
};

struct HashValue {
  std::uint64_t hash = 0;  ///< 64 bits (assay), 60 (planout), 32 (the others).
  double position = 0;     ///< In [0, 1); planout may reach 1.
  /// Of `n_buckets`: hash mod the number where the method has buckets, else floor(position *
  /// 10,000), at most 9,999.
  std::uint32_t bucket = 0;
};

/// 1,000 for growthbook_v1, the form's for murmur3, else 10,000.
std::uint32_t n_buckets(const HashRule& rule);

/// The hash of a unit. Deterministic, thread-safe; takes any bytes. Assumes check_rule held.
HashValue hash_unit(const HashRule& rule, std::string_view unit);

/// Fails with invalid_spec: assay with an empty salt or a zero byte in it, murmur3 with fewer than
/// two buckets.
Result<void> check_rule(const HashRule& rule);

/// The hashes themselves, for tests and other rooms.
std::uint32_t fnv1a_32_utf16(std::string_view utf8, std::uint32_t start = 0x811c9dc5U);
std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed);

}  // namespace assay::assignment
