//===- steps_test.cpp - the steps of examples/voice without the model -----===//
// Expected segments come from silero-vad 6.2.3 on the same probabilities.
#include "segments.h"
#include "wav_file.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>

using namespace voice;

static std::vector<long> find(const std::vector<float> &probabilities, int rate,
                              long sampleCount) {
  std::vector<long> places;
  for (const Segment &segment : findSpeech(probabilities, rate, sampleCount))
    places.insert(places.end(), {segment.start, segment.end});
  return places;
}

/// `count` probabilities, then more.
static std::vector<float>
repeat(std::vector<std::pair<std::size_t, float>> runs) {
  std::vector<float> all;
  for (auto [count, value] : runs)
    all.insert(all.end(), count, value);
  return all;
}

TEST(Segments, NothingToFind) {
  EXPECT_EQ(find(repeat({{20, 0.1f}}), 16000, 10240), (std::vector<long>{}));
}

TEST(Segments, OneSegmentIsPadded) {
  EXPECT_EQ(find(repeat({{5, 0.1f}, {20, 0.9f}, {10, 0.1f}}), 16000, 17920),
            (std::vector<long>{2080, 13280}));
}

TEST(Segments, EverythingIsSpeech) {
  EXPECT_EQ(find(repeat({{20, 0.9f}}), 8000, 5020),
            (std::vector<long>{0, 5020}));
}

TEST(Segments, ShortSegmentsAreDropped) {
  EXPECT_EQ(find(repeat({{5, 0.1f}, {7, 0.9f}, {10, 0.1f}}), 16000, 11264),
            (std::vector<long>{}));
}

TEST(Segments, ShortSilencesAreBridged) {
  EXPECT_EQ(
      find(repeat({{5, 0.1f}, {10, 0.9f}, {3, 0.1f}, {10, 0.9f}, {10, 0.1f}}),
           16000, 19456),
      (std::vector<long>{2080, 14816}));
}

TEST(Segments, BetweenTheThresholdsNothingEnds) {
  EXPECT_EQ(find(repeat({{5, 0.1f}, {10, 0.9f}, {20, 0.4f}, {10, 0.1f}}), 8000,
                 11520),
            (std::vector<long>{1040, 9200}));
}

TEST(Segments, AnIntermediateValueDoesNotEndASilence) {
  EXPECT_EQ(find(repeat({{5, 0.1f},
                         {10, 0.9f},
                         {1, 0.1f},
                         {3, 0.4f},
                         {1, 0.1f},
                         {10, 0.9f}}),
                 16000, 15353),
            (std::vector<long>{2080, 8160, 9760, 15353}));
}

TEST(Segments, TwoSegments) {
  EXPECT_EQ(
      find(repeat({{1, 0.1f}, {10, 0.9f}, {5, 0.1f}, {10, 0.9f}, {1, 0.1f}}),
           16000, 13824),
      (std::vector<long>{32, 6112, 7712, 13824}));
}

namespace {
class WavFile : public testing::Test {
protected:
  void TearDown() override { std::remove(path.c_str()); }

  static std::string number(std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i)
      text += static_cast<char>(value >> (8 * i));
    return text;
  }

  static std::string chunk(const std::string &tag, const std::string &data) {
    return tag + number(static_cast<std::uint32_t>(data.size()), 4) + data +
           std::string(data.size() % 2, '\0');
  }

  static std::string format(unsigned encoding, unsigned channels, unsigned rate,
                            unsigned bits) {
    unsigned sample = channels * bits / 8;
    return chunk("fmt ", number(encoding, 2) + number(channels, 2) +
                             number(rate, 4) + number(rate * sample, 4) +
                             number(sample, 2) + number(bits, 2));
  }

  /// Writes a file of these chunks and reads it.
  std::string read(const std::string &chunks) {
    std::ofstream(path, std::ios::binary) << chunk("RIFF", "WAVE" + chunks);
    std::string error = readWav(path, sound);
    return error.empty() ? "" : error.substr(path.size() + 2);
  }

  const std::string data =
      chunk("data", number(0, 2) + number(0x4000, 2) + number(0x8000, 2));
  Sound sound;
  std::string path =
      testing::TempDir() + "voice_" +
      testing::UnitTest::GetInstance()->current_test_info()->name() + ".wav";
};
} // namespace

TEST_F(WavFile, Samples) {
  ASSERT_EQ(read(format(1, 1, 8000, 16) + data), "");
  EXPECT_EQ(sound.rate, 8000);
  EXPECT_EQ(sound.samples, (std::vector<float>{0, 0.5f, -1}));
}

TEST_F(WavFile, OtherChunksAreSkipped) {
  ASSERT_EQ(read(chunk("LIST", "odd") + format(1, 1, 16000, 16) +
                 chunk("fact", "") + data),
            "");
  EXPECT_EQ(sound.rate, 16000);
  EXPECT_EQ(sound.samples.size(), 3u);
}

TEST_F(WavFile, AShortFileGivesTheSamplesThatAreThere) {
  std::string cut = data.substr(0, data.size() - 4);
  ASSERT_EQ(read(format(1, 1, 8000, 16) + cut), "");
  EXPECT_EQ(sound.samples, (std::vector<float>{0}));
}

TEST_F(WavFile, ErrorsSayWhatToDo) {
  EXPECT_EQ(read(format(1, 1, 44100, 16) + data),
            "there are 44100 samples in a second, 8000 or 16000 are wanted; "
            "convert it: sox IN.wav -r 16000 OUT.wav");
  EXPECT_EQ(read(format(1, 2, 8000, 16) + data),
            "there are 2 channels, one is wanted; convert it: sox IN.wav -c 1 "
            "OUT.wav");
  EXPECT_NE(read(format(3, 1, 8000, 32) + data), "");
  EXPECT_NE(read(format(1, 1, 8000, 8) + data), "");
  EXPECT_EQ(read(data), "there is no format");
  EXPECT_EQ(read(format(1, 1, 8000, 16)), "there are no samples");
  EXPECT_EQ(read(chunk("fmt ", "short") + data), "the format is cut short");
  std::ofstream(path) << "RIFF";
  EXPECT_EQ(readWav(path, sound), path + ": this is no WAV file");
  EXPECT_EQ(readWav("nowhere.wav", sound),
            "nowhere.wav: No such file or directory");
}
