//===- PackingTest.cpp - offsets for buffers with known lifetimes ---------===//
#include "compiler/memory/Packing.h"
#include <gtest/gtest.h>
#include <random>

using namespace ingot;

namespace {

void expectDisjoint(const std::vector<Interval> &list, const Packing &packing) {
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(packing.offsets[i] % kArenaAlignment, 0);
    EXPECT_GE(packing.offsets[i], 0);
    EXPECT_LE(packing.offsets[i] + list[i].bytes, packing.bytes);
    for (size_t j = 0; j < i; ++j)
      if (list[i].overlaps(list[j])) {
        EXPECT_TRUE(packing.offsets[i] + list[i].bytes <= packing.offsets[j] ||
                    packing.offsets[j] + list[j].bytes <= packing.offsets[i]);
      }
  }
}

TEST(Packing, NothingTakesNothing) {
  EXPECT_EQ(pack({}).bytes, 0);
  EXPECT_EQ(greatestLiveBytes({}), 0);
}

TEST(Packing, ValuesOfAChainTakeTurns) {
  std::vector<Interval> chain;
  for (int i = 0; i < 10; ++i)
    chain.push_back({1024, i, i + 1});
  Packing packing = pack(chain);
  expectDisjoint(chain, packing);
  EXPECT_EQ(packing.bytes, 2048);
  EXPECT_EQ(greatestLiveBytes(chain), 2048);
}

TEST(Packing, AResidualBlockTakesWhatIsLive) {
  std::vector<Interval> block = {
      {4096, 0, 3}, {16384, 1, 2}, {16384, 2, 3}, {4096, 3, 6}, {16384, 4, 5},
      {16384, 5, 6}};
  Packing packing = pack(block);
  expectDisjoint(block, packing);
  EXPECT_EQ(packing.bytes, greatestLiveBytes(block));
}

/// Lifetimes as networks have them: mostly short, some long.
TEST(Packing, RandomLifetimesStayNearTheLeast) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<Interval> list;
    int count = 20 + round * 15;
    for (int i = 0; i < count; ++i) {
      int64_t duration = random() % 8 == 0 ? random() % 40 : random() % 4;
      list.push_back({int64_t(64 + random() % 100000), i, i + duration});
    }
    Packing packing = pack(list);
    expectDisjoint(list, packing);
    EXPECT_LE(double(packing.bytes), 1.15 * double(greatestLiveBytes(list)));
  }
}

} // namespace
