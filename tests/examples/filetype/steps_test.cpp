//===- steps_test.cpp - the steps of examples/filetype without the model --===//
#include "file_blocks.h"
#include "file_types.h"
#include "identify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

using namespace filetype;

static std::vector<int> features(const std::string &content) {
  std::vector<std::int32_t> result(beginSize + endSize);
  bool enough = extractFeatures({content, content}, result.data());
  return enough ? std::vector<int>(result.begin(), result.end())
                : std::vector<int>();
}

TEST(FileBlocks, OnlyTheOuterEndsAreStripped) {
  std::vector<int> got = features("\n\t letters \v\f\r");
  ASSERT_EQ(got.size(), 2048u);
  std::string begin = "letters \v\f\r", end = "\n\t letters";
  EXPECT_TRUE(std::equal(begin.begin(), begin.end(), got.begin()));
  EXPECT_EQ(got[begin.size()], padding);
  EXPECT_TRUE(std::equal(end.rbegin(), end.rend(), got.rbegin()));
  EXPECT_EQ(got[2047 - end.size()], padding);
}

TEST(FileBlocks, BytesAreNotNegative) {
  EXPECT_EQ(features(std::string(8, '\xFF'))[0], 255);
}

TEST(FileBlocks, LongBlocksGiveTheirOuterBytes) {
  std::string content(4096, 'm');
  content.replace(0, 3, "abc");
  content.replace(4093, 3, "xyz");
  std::vector<int> got = features(content);
  EXPECT_EQ(got[0], 'a');
  EXPECT_EQ(got[1023], 'm');
  EXPECT_EQ(got[1024], 'm');
  EXPECT_EQ(got[2047], 'z');
}

TEST(FileBlocks, TooFewBytesAreNotEnough) {
  EXPECT_TRUE(features("   seven77").empty());
  EXPECT_FALSE(features("   seven77 ").empty());
}

TEST(FileBlocks, ErrorsHaveTheSystemsNumber) {
  Blocks blocks;
  EXPECT_EQ(readBlocks("no/such/file", blocks), ENOENT);
}

TEST(FileBlocks, Utf8) {
  for (const char *text : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC",
                           "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(isUtf8(text)) << text;
  for (const char *text :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xFF",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "a\xE2\x82"})
    EXPECT_FALSE(isUtf8(text)) << text;
}

static const Class &classOf(const std::string &label) {
  return *std::find_if(std::begin(classes), std::end(classes),
                       [&](const Class &c) { return label == c.type.label; });
}

TEST(Judge, BelievesHighScores) {
  Result result = judge(classOf("python"), 0.5f);
  EXPECT_STREQ(result.type.label, "python");
  EXPECT_EQ(result.guess, nullptr);
}

TEST(Judge, SaysTextOrBinaryForLowScores) {
  Result text = judge(classOf("python"), 0.49f);
  EXPECT_STREQ(text.type.label, "txt");
  ASSERT_NE(text.guess, nullptr);
  EXPECT_STREQ(text.guess->label, "python");
  EXPECT_STREQ(judge(classOf("png"), 0.1f).type.label, "unknown");
}

TEST(Judge, SomeClassesNeedMore) {
  EXPECT_STREQ(judge(classOf("markdown"), 0.7f).type.label, "txt");
  EXPECT_STREQ(judge(classOf("markdown"), 0.75f).type.label, "markdown");
}

TEST(Judge, RandomBytesAreUnknown) {
  Result sure = judge(classOf("randombytes"), 0.9f);
  EXPECT_STREQ(sure.type.label, "unknown");
  EXPECT_EQ(sure.guess, nullptr);
  EXPECT_EQ(judge(classOf("txt"), 0.1f).guess, nullptr);
}
