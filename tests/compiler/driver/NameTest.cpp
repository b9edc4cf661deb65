#include "compiler/driver/Commands.h"
#include <gtest/gtest.h>

using namespace ingot;

TEST(NameTest, IsMadeFromTheFile) {
  EXPECT_EQ(defaultModelName("models/ch_PP-OCRv4_rec_infer.onnx"), "ch_PP_OCRv4_rec_infer");
  EXPECT_EQ(defaultModelName("my.model.onnx"), "my_model");
  EXPECT_EQ(defaultModelName("3d-net.onnx"), "n3d_net");
  EXPECT_EQ(defaultModelName("__x__y__.onnx"), "x_y");
  EXPECT_EQ(defaultModelName("default.onnx"), "default_model");
  EXPECT_EQ(defaultModelName("relu.onnx"), "relu_model");
  EXPECT_EQ(defaultModelName("\xe4\xb8\xad.onnx"), "model");
  EXPECT_EQ(defaultModelName(".onnx"), "model");
}

TEST(NameTest, EveryDefaultIsValid) {
  for (const char *path : {"a", "a b", "int.onnx", "9", "-", "_9.onnx", "x__y", "ingot.onnx"})
    EXPECT_TRUE(isModelName(defaultModelName(path))) << path;
  EXPECT_FALSE(isModelName(""));
  EXPECT_FALSE(isModelName("a-b"));
  EXPECT_FALSE(isModelName("class"));
  EXPECT_FALSE(isModelName("_x"));
}
