#include "assay/assignment/hash.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <string>

#include "assay/assignment/detail/sha1.hpp"

namespace assay::assignment {
namespace {

// Source of the literals without another source: tests/golden/assignment.py, with xxhash 4.1.0 (and
// a second implementation in plain Python integers), mmh3 5.3.1, growthbook 4.0.0, PlanOut 0.6.0.

HashRule rule_of(HashMethod method, std::string salt) {
  HashRule rule;
  rule.method = method;
  rule.salt = std::move(salt);
  return rule;
}

struct Vector {
  const char* salt;
  std::string unit;
  std::uint64_t hash;
  double position;
};

TEST(Hash, OursIsXxh64OfSaltZeroByteUnit) {
  const Vector kVectors[] = {
      {"new_feed_ranker", "1", 0x3EB39B11EE9A97CC, 0.24492806613725748},
      {"new_feed_ranker", "2", 0x1929F4B750278EE0, 0.0982964465657955},
      {"new_feed_ranker", "user_000042", 0xE7D05A28E739FB87, 0.9055229520665548},
      {"new_feed_ranker", "", 0x8879B7233F82BBDC, 0.5331072293333915},
      {"a", "bc", 0x3293BDC2CFB086A7, 0.19756685262808737},
      {"ab", "c", 0x94CB73913641550D, 0.5812294225236248},
      {"layer:feed", "6f1c2e9a-9d7b-4a53-8a5e-2f6d1f2b7c11", 0x133DE8EC8D7FAA58,
       0.07516341948712457},
      {"m\u00e9lange", "\u7528\u6237-7", 0x67877C0694E46234, 0.4044110790317901},
      {"x", std::string(300, 'u'), 0xE62EEF1390D39F6F, 0.8991536543624775}};
  for (const Vector& each : kVectors) {
    const HashValue value = hash_unit(rule_of(HashMethod::assay, each.salt), each.unit);
    EXPECT_EQ(value.hash, each.hash) << each.unit;
    EXPECT_EQ(value.position, each.position) << each.unit;
    EXPECT_EQ(value.bucket, static_cast<std::uint32_t>(std::floor(each.position * 1e4)));
  }
}

TEST(Hash, GrowthBookAgreesWithItsOfficialCases) {
  // Source: growthbook/growthbook 8f1db445, packages/sdk-js/test/cases.json (spec 0.8.0), "hash".
  struct Case {
    const char* seed;
    const char* value;
    int version;
    double expected;
  };
  const Case kCases[] = {{"", "a", 1, 0.22},
                         {"", "b", 1, 0.077},
                         {"b", "a", 1, 0.946},
                         {"ef", "d", 1, 0.652},
                         {"asdf", "8952klfjas09ujk", 1, 0.549},
                         {"", "123", 1, 0.011},
                         {"", "___)((*\":&", 1, 0.563},
                         {"seed", "a", 2, 0.0505},
                         {"seed", "b", 2, 0.2696},
                         {"foo", "ab", 2, 0.2575},
                         {"foo", "def", 2, 0.2019},
                         {"89123klj", "8952klfjas09ujkasdf", 2, 0.124},
                         {"90850943850283058242805", "123", 2, 0.7516},
                         {"()**(%$##$%#$#", "___)((*\":&", 2, 0.0128}};
  for (const Case& each : kCases) {
    const auto method = each.version == 1 ? HashMethod::growthbook_v1 : HashMethod::growthbook_v2;
    EXPECT_EQ(hash_unit(rule_of(method, each.seed), each.value).position, each.expected)
        << each.seed << " " << each.value;
  }
}

TEST(Hash, GrowthBookReadsUtf16LikeItsSdks) {
  struct Case {
    const char* salt;
    const char* unit;
    double v1, v2;
  };
  const Case kCases[] = {{"new_feed_ranker", "user_000042", 0.562, 0.159},
                         {"a", "bc", 0.697, 0.9165},
                         {"ab", "c", 0.185, 0.9165},
                         {"m\u00e9lange", "\u7528\u6237-7", 0.393, 0.2971},
                         {"\U0001F600", "a\U0001F600b", 0.996, 0.84}};
  for (const Case& each : kCases) {
    EXPECT_EQ(hash_unit(rule_of(HashMethod::growthbook_v1, each.salt), each.unit).position,
              each.v1);
    EXPECT_EQ(hash_unit(rule_of(HashMethod::growthbook_v2, each.salt), each.unit).position,
              each.v2);
  }
}

TEST(Hash, BytesThatAreNoUtf8StillHash) {
  const std::string broken = "a\xff\xc3";
  const std::string replaced = "a\uFFFD\uFFFD";
  for (const auto method : {HashMethod::growthbook_v1, HashMethod::growthbook_v2})
    EXPECT_EQ(hash_unit(rule_of(method, "s"), broken).hash,
              hash_unit(rule_of(method, "s"), replaced).hash);
}

TEST(Hash, Murmur3AgreesWithMmh3) {
  struct Case {
    const char* salt;
    std::string unit;
    std::uint32_t hash, bucket;
  };
  const Case kCases[] = {{"new_feed_ranker", "1", 0xFDF7815A, 6154},
                         {"new_feed_ranker", "2", 0x4424E89C, 9532},
                         {"new_feed_ranker", "user_000042", 0x742DADC6, 662},
                         {"new_feed_ranker", "", 0xBC73719B, 2331},
                         {"a", "bc", 0x34783DA9, 5337},
                         {"ab", "c", 0x99D3D39A, 6314},
                         {"layer:feed", "6f1c2e9a-9d7b-4a53-8a5e-2f6d1f2b7c11", 0x98C3542B, 7899},
                         {"m\u00e9lange", "\u7528\u6237-7", 0xA4E3A2AB, 1739},
                         {"x", std::string(300, 'u'), 0xDF775FE9, 2505}};
  for (const Case& each : kCases) {
    const HashValue value = hash_unit(rule_of(HashMethod::murmur3, each.salt), each.unit);
    EXPECT_EQ(value.hash, each.hash) << each.unit;
    EXPECT_EQ(value.bucket, each.bucket) << each.unit;
    EXPECT_EQ(value.position, each.bucket / 1e4);
  }
}

TEST(Hash, Murmur3TakesTheFormOfOtherProducts) {
  // Source: "should be reproduced exactly in all clients" of Optimizely's SDKs,
  // testHashIsCompliant.
  struct Case {
    const char* experiment;
    const char* unit;
    std::uint32_t bucket;
  };
  const Case kOptimizely[] = {
      {"1886780721", "ppid1", 5254},
      {"1886780721", "ppid2", 4299},
      {"1886780722", "ppid2", 2434},
      {"1886780721", "ppid3", 5439},
      {"1886780721",
       "a very very very very very very very very very very very very very very very long ppd "
       "string",
       6128}};
  HashRule optimizely;
  optimizely.method = HashMethod::murmur3;
  optimizely.murmur3 = {Murmur3Form::Order::unit_first, Murmur3Form::Reduce::multiply, "", 1,
                        10'000};
  for (const Case& each : kOptimizely) {
    optimizely.salt = each.experiment;
    EXPECT_EQ(hash_unit(optimizely, each.unit).bucket, each.bucket) << each.unit;
  }
  // Source: Unleash, "normalized values are the same across node, java, and go clients"; it counts
  // from 1: normalizedValue('123', 'gr1') is 73, ('999', 'groupX') is 25.
  HashRule unleash;
  unleash.method = HashMethod::murmur3;
  unleash.murmur3 = {Murmur3Form::Order::salt_first, Murmur3Form::Reduce::modulo, ":", 0, 100};
  unleash.salt = "gr1";
  EXPECT_EQ(hash_unit(unleash, "123").bucket + 1, 73U);
  unleash.salt = "groupX";
  EXPECT_EQ(hash_unit(unleash, "999").bucket + 1, 25U);
  EXPECT_EQ(n_buckets(unleash), 100U);
}

TEST(Hash, PlanOutIsTheFront60BitsOfSha1) {
  const Vector kVectors[] = {
      {"new_feed_ranker.arm", "1", 0xAF1494DB0C1A3D9, 0.6839077982695949},
      {"new_feed_ranker.arm", "2", 0x1636A3D5130E22D, 0.08677123977673111},
      {"new_feed_ranker.arm", "user_000042", 0xCB0D5594F4D791A, 0.7931722153342362},
      {"a.arm", "bc", 0x87EC572F106D17C, 0.5309500207808252},
      {"layer:feed.arm", "6f1c2e9a-9d7b-4a53-8a5e-2f6d1f2b7c11", 0x5F440C5BE55468B,
       0.37213208430815004},
      {"x.arm", std::string(300, 'u'), 0x997F2A3DB4C9918, 0.5995966339731125}};
  for (const Vector& each : kVectors) {
    const HashValue value = hash_unit(rule_of(HashMethod::planout, each.salt), each.unit);
    EXPECT_EQ(value.hash, each.hash) << each.unit;
    EXPECT_EQ(value.position, each.position) << each.unit;
  }
}

TEST(Hash, Sha1HasTheKnownAnswersOfTheStandard) {
  // Source: NIST FIPS 180-4 examples ("abc", two blocks) and the empty text.
  using Words = std::array<std::uint32_t, 5>;
  EXPECT_EQ(detail::sha1("abc"),
            (Words{0xA9993E36, 0x4706816A, 0xBA3E2571, 0x7850C26C, 0x9CD0D89D}));
  EXPECT_EQ(detail::sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            (Words{0x84983E44, 0x1C3BD26E, 0xBAAE4AA1, 0xF95129E5, 0xE54670F1}));
  EXPECT_EQ(detail::sha1(""), (Words{0xDA39A3EE, 0x5E6B4B0D, 0x3255BFEF, 0x95601890, 0xAFD80709}));
}

TEST(Hash, RefusesASaltThatCannotBeTold) {
  EXPECT_FALSE(check_rule(rule_of(HashMethod::assay, "")));
  EXPECT_FALSE(check_rule(rule_of(HashMethod::assay, std::string("a\0b", 3))));
  EXPECT_TRUE(check_rule(rule_of(HashMethod::growthbook_v1, "")));
  HashRule one_bucket = rule_of(HashMethod::murmur3, "a");
  one_bucket.murmur3.buckets = 1;
  EXPECT_FALSE(check_rule(one_bucket));
}

}  // namespace
}  // namespace assay::assignment
