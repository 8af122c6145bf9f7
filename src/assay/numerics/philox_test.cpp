#include "assay/numerics/philox.hpp"

#include <gmock/gmock.h>

#include "assay/numerics/moments.hpp"

namespace assay::numerics {
namespace {

using testing::ElementsAre;

// Source: Random123 1.14.0, tests/kat_vectors, lines "philox4x32 10".
TEST(Philox, MatchesThePublishedKnownAnswers) {
  EXPECT_THAT(Philox::block(0, 0, 0), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  EXPECT_THAT(Philox::block(~0ULL, ~0ULL, ~0ULL),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox::block(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

// Goal: uniforms have mean 1/2 and variance 1/12, over indices and over streams.
// Budget: 5 standard errors, a false alarm in 1.7 million; the seed is fixed.
TEST(Philox, UniformsAreUniformAlongIndicesAndAlongStreams) {
  constexpr int kDraws = 100'000;
  Moments along_index;
  Moments along_stream;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    along_index.add(Philox(7, 1).uniform(i));
    along_stream.add(Philox(7, i).uniform_pair(3)[1]);
  }
  for (const Moments& m : {along_index, along_stream}) {
    EXPECT_NEAR(m.mean, 0.5, 5 * std::sqrt(1.0 / 12 / kDraws));
    EXPECT_NEAR(m.m2 / kDraws, 1.0 / 12, 5 * std::sqrt(1.0 / 180 / kDraws));
  }
}

}  // namespace
}  // namespace assay::numerics
