#include "assay/assignment/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "assay/assignment/detail/sha1.hpp"
#include "assay/base/hash.hpp"

namespace assay::assignment {
namespace {

constexpr std::uint32_t kPositionBuckets = 10'000;
constexpr double kPlanoutScale = 0xFFFFFFFFFFFFFFFp0;

/// The parts behind one another, without a heap allocation for usual lengths.
template <class Use>
auto joined(std::string_view a, std::string_view b, std::string_view c, Use use) {
  std::array<char, 256> small;
  const std::size_t size = a.size() + b.size() + c.size();
  if (size > small.size()) {
    std::string all;
    all.reserve(size);
    all.append(a).append(b).append(c);
    return use(std::string_view(all));
  }
  char* at = small.data();
  for (const std::string_view part : {a, b, c}) at = std::copy(part.begin(), part.end(), at);
  return use(std::string_view(small.data(), size));
}

struct CodePoint {
  std::uint32_t value = 0xFFFD;
  std::size_t bytes = 1;
};

/// The code point at the front; bytes that are no UTF-8 read as U+FFFD, one at a time.
CodePoint front_of(std::string_view utf8) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || utf8.size() < length) return {};
  std::uint32_t value = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (surrogate || overlong || value > 0x10FFFF) return {};
  return {value, length};
}

std::uint32_t reduced(std::uint32_t hash, const Murmur3Form& form) {
  if (form.reduce == Murmur3Form::Reduce::modulo) return hash % form.buckets;
  return static_cast<std::uint32_t>((std::uint64_t{hash} * form.buckets) >> 32);
}

HashValue from_bucket(std::uint64_t hash, std::uint32_t bucket, std::uint32_t buckets) {
  return {hash, static_cast<double>(bucket) / static_cast<double>(buckets), bucket};
}

HashValue from_position(std::uint64_t hash, double position) {
  const auto bucket = static_cast<std::uint32_t>(position * kPositionBuckets);
  return {hash, position, std::min(bucket, kPositionBuckets - 1)};
}

HashValue growthbook_v2(std::string_view salt, std::string_view unit) {
  const std::uint32_t inner = fnv1a_32_utf16(unit, fnv1a_32_utf16(salt));
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), inner).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  const std::uint32_t hash = fnv1a_32_utf16(text);
  return from_bucket(hash, hash % 10'000, 10'000);
}

HashValue murmur3(const HashRule& rule, std::string_view unit) {
  const Murmur3Form& form = rule.murmur3;
  const bool unit_first = form.order == Murmur3Form::Order::unit_first;
  const std::string_view first = unit_first ? unit : std::string_view(rule.salt);
  const std::string_view last = unit_first ? std::string_view(rule.salt) : unit;
  const std::uint32_t hash = joined(first, form.separator, last, [&](std::string_view key) {
    return murmur3_32(key, form.seed);
  });
  return from_bucket(hash, reduced(hash, form), form.buckets);
}

HashValue planout(std::string_view salt, std::string_view unit) {
  const auto words = joined(salt, ".", unit, detail::sha1);
  const std::uint64_t hash = ((std::uint64_t{words[0]} << 32) | words[1]) >> 4;
  return from_position(hash, static_cast<double>(hash) / kPlanoutScale);
}

}  // namespace

std::string_view to_text(HashMethod method) {
  switch (method) {
    case HashMethod::assay:
      return "assay";
    case HashMethod::growthbook_v1:
      return "growthbook_v1";
    case HashMethod::growthbook_v2:
      return "growthbook_v2";
    case HashMethod::murmur3:
      return "murmur3";
    case HashMethod::planout:
      return "planout";
    case HashMethod::planout_uniform:
      return "planout_uniform";
  }
  return "assay";
}

std::uint32_t n_buckets(const HashRule& rule) {
  if (rule.method == HashMethod::growthbook_v1) return 1'000;
  if (rule.method == HashMethod::murmur3) return rule.murmur3.buckets;
  return kPositionBuckets;
}

std::uint32_t fnv1a_32_utf16(std::string_view utf8, std::uint32_t start) {
  constexpr std::uint32_t kPrime = 0x01000193U;
  std::uint32_t hash = start;
  while (!utf8.empty()) {
    const CodePoint point = front_of(utf8);
    utf8.remove_prefix(point.bytes);
    if (point.value < 0x10000) {
      hash = (hash ^ point.value) * kPrime;
      continue;
    }
    const std::uint32_t rest = point.value - 0x10000;
    hash = (hash ^ (0xD800U + (rest >> 10))) * kPrime;
    hash = (hash ^ (0xDC00U + (rest & 0x3FFU))) * kPrime;
  }
  return hash;
}

std::uint32_t murmur3_32(std::string_view bytes, std::uint32_t seed) {
  constexpr std::uint32_t kC1 = 0xCC9E2D51U;
  constexpr std::uint32_t kC2 = 0x1B873593U;
  const auto word = [&](std::size_t at, std::size_t count) {
    std::uint32_t out = 0;
    for (std::size_t i = count; i > 0; --i)
      out = (out << 8) | static_cast<unsigned char>(bytes[at + i - 1]);
    return std::rotl(out * kC1, 15) * kC2;
  };
  std::uint32_t hash = seed;
  const std::size_t whole = bytes.size() / 4 * 4;
  for (std::size_t at = 0; at < whole; at += 4)
    hash = std::rotl(hash ^ word(at, 4), 13) * 5 + 0xE6546B64U;
  if (whole < bytes.size()) hash ^= word(whole, bytes.size() - whole);
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ (hash >> 16)) * 0x85EBCA6BU;
  hash = (hash ^ (hash >> 13)) * 0xC2B2AE35U;
  return hash ^ (hash >> 16);
}

HashValue hash_unit(const HashRule& rule, std::string_view unit) {
  switch (rule.method) {
    case HashMethod::growthbook_v1: {
      const std::uint32_t hash = fnv1a_32_utf16(rule.salt, fnv1a_32_utf16(unit));
      return from_bucket(hash, hash % 1'000, 1'000);
    }
    case HashMethod::growthbook_v2:
      return growthbook_v2(rule.salt, unit);
    case HashMethod::murmur3:
      return murmur3(rule, unit);
    case HashMethod::planout:
    case HashMethod::planout_uniform:
      return planout(rule.salt, unit);
    case HashMethod::assay:
      break;
  }
  const std::string_view zero("\0", 1);
  const std::uint64_t hash = joined(rule.salt, zero, unit, xxh64_text);
  return from_position(hash, static_cast<double>(hash >> 11) * 0x1p-53);
}

Result<void> check_rule(const HashRule& rule) {
  if (rule.method == HashMethod::assay && rule.salt.empty())
    return fail(ErrorCode::invalid_spec, "the hash has no salt", "salt",
                "name one that no other experiment has, for example the experiment's name");
  if (rule.method == HashMethod::assay && rule.salt.find('\0') != std::string::npos)
    return fail(ErrorCode::invalid_spec, "the salt holds a zero byte, which ends it in the hash",
                "salt", "use letters, digits and punctuation");
  if (rule.method == HashMethod::murmur3 && rule.murmur3.buckets < 2)
    return fail(ErrorCode::invalid_spec, "murmur3 has fewer than two buckets", "buckets",
                "write how many the product has, for example 10000");
  return {};
}

}  // namespace assay::assignment
