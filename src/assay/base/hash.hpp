#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// 64-bit XXH3 of bytes. Not keyed and not cryptographic: for checksums, fingerprints and tables.
std::uint64_t hash_bytes(std::span<const std::byte> bytes);
std::uint64_t hash_text(std::string_view text);

/// 64-bit XXH64 with seed 0 of a text: the hash that other programs compute too (Python `xxhash`,
/// Go, Java, Rust, ClickHouse `xxHash64`, Trino `xxhash64`), so never to be exchanged for another.
std::uint64_t xxh64_text(std::string_view text);

/// Mixes a 64-bit integer so that every bit of it moves every bit of the result (splitmix64's
/// finaliser, Steele et al. 2014).
constexpr std::uint64_t hash_int(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// 128-bit XXH3 as 32 hexadecimal digits: names a spec or a file in a result.
std::string fingerprint(std::string_view text);

}  // namespace assay
