#include "compiler/driver/Tensor.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace ingot;

namespace {

class NpyTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("ingot", "npy", path));
    remover.setFile(path);
  }

  /// What readNpy says about a file with these bytes.
  std::string errorOf(llvm::StringRef bytes) {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << bytes;
    llvm::Expected<Tensor> tensor = readNpy(path);
    if (tensor)
      return "";
    std::string message = llvm::toString(tensor.takeError());
    EXPECT_TRUE(llvm::StringRef(message).starts_with(path));
    return message.substr(path.size() + 2);
  }

  static std::string file(llvm::StringRef header, size_t dataBytes) {
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += char(header.size());
    bytes += char(header.size() >> 8);
    return bytes + header.str() + std::string(dataBytes, '\0');
  }

  llvm::SmallString<128> path;
  llvm::FileRemover remover;
};

} // namespace

TEST_F(NpyTest, WritesWhatItReads) {
  for (const char *type : {"float", "double", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"})
    for (std::vector<int64_t> shape : {std::vector<int64_t>{}, {3}, {2, 0, 4}, {2, 3, 1, 4}}) {
      Tensor tensor{type, shape, {}, {}};
      int64_t count = *elementCount(shape);
      tensor.data.resize(count * bytesOfType(type));
      for (int64_t i = 0; i != count; ++i)
        setElement(tensor, i, i % 2);
      ASSERT_FALSE(writeNpy(path, tensor));
      llvm::Expected<Tensor> back = readNpy(path);
      ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
      EXPECT_EQ(back->type, type);
      EXPECT_EQ(back->shape, shape);
      EXPECT_EQ(back->data, tensor.data);
    }
}

/// NumPy has no such types; their files have bytes, to which the model gives a type again.
TEST_F(NpyTest, NamelessTypesKeepTheirBits) {
  for (const char *type : {"bfloat16", "float8e4m3fn", "float8e5m2", "float8e8m0", "float4e2m1", "int4", "uint4", "int2", "uint2"}) {
    Tensor tensor{type, {3}, std::vector<char>(3 * bytesOfType(type)), {}};
    for (int i = 0; i < 3; ++i)
      setElement(tensor, i, 2 - i % 2);
    ASSERT_FALSE(writeNpy(path, tensor));
    llvm::Expected<Tensor> back = readNpy(path);
    ASSERT_TRUE(bool(back));
    EXPECT_FALSE(giveType(*back, bytesOfType(type) == 1 ? "bfloat16" : "int4"));
    EXPECT_FALSE(giveType(*back, "int8"));
    ASSERT_TRUE(giveType(*back, type));
    EXPECT_EQ(back->data, tensor.data);
    EXPECT_EQ(elementAsDouble(*back, 1), 1) << type;
  }
}

TEST(TensorTest, NarrowElementsAreExtended) {
  Tensor tensor{kBytes1, {2}, {0x0F, char(0xF7)}, {}};
  ASSERT_TRUE(giveType(tensor, "int4"));
  EXPECT_EQ(elementAsDouble(tensor, 0), -1);
  EXPECT_EQ(elementAsDouble(tensor, 1), 7);
  setElement(tensor, 0, -8);
  EXPECT_EQ(elementAsDouble(tensor, 0), -8);
}

TEST_F(NpyTest, RefusesHostileFiles) {
  EXPECT_EQ(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 8)), "");
  EXPECT_NE(errorOf(""), "");
  EXPECT_NE(errorOf("\x93NUMPY"), "");
  EXPECT_NE(errorOf(llvm::StringRef("\x93NUMPY\x01\x00\xff\xff{", 11)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 7)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n", 0)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", 8)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2", 8)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': False}\n", 4)), "");
  EXPECT_NE(errorOf(file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", 8)), "");
  EXPECT_NE(errorOf(file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n", 4)), "");
  EXPECT_NE(errorOf(file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }\n", 8)), "");
  EXPECT_NE(errorOf(file(std::string(200, '{'), 0)), "");
}

TEST(TensorTest, CountsElements) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({2, 3}), 6);
  EXPECT_EQ(elementCount({int64_t(1) << 62, 0}), 0);
  EXPECT_EQ(elementCount({int64_t(1) << 32, int64_t(1) << 32}), std::nullopt);
  EXPECT_EQ(elementCount({-1}), std::nullopt);
}

TEST(TensorTest, RoundsHalves) {
  Tensor tensor{"float16", {1}, std::vector<char>(2), {}};
  setElement(tensor, 0, 1.0 + 0x1p-11); // halfway: to even
  EXPECT_EQ(elementAsDouble(tensor, 0), 1.0);
  setElement(tensor, 0, 1e6);
  EXPECT_EQ(elementAsDouble(tensor, 0), INFINITY);
}
