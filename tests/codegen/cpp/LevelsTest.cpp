//===- LevelsTest.cpp - what levels of a model have in common -------------===//
#include "codegen/cpp/Interface.h"
#include "codegen/cpp/WeightData.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot;

namespace {

class LevelsTest : public testing::Test {
protected:
  LevelsTest() : target(*Target::find("x86-64")) {
    context.loadDialect<arith::ArithDialect, func::FuncDialect, memref::MemRefDialect>();
    options.name = "model";
  }

  /// The interface of a model from x to y, two levels and a third that is given.
  FailureOr<cpp::Interface> join(cpp::Interface first, cpp::Interface second, cpp::Interface third) {
    return cpp::joinLevels({first, second, third}, target, options, context);
  }

  static cpp::Interface interface(int64_t arenaBytes) {
    cpp::Interface made;
    made.arenaBytes = arenaBytes;
    made.arguments = 4;
    made.arena = 2;
    made.weights = 3;
    for (auto [values, number] : {std::pair{&made.inputs, 0u}, std::pair{&made.outputs, 1u}}) {
      cpp::ModelValue value;
      value.argument = number;
      value.name = value.member = number ? "y" : "x";
      value.type = value.kernelType = "float";
      value.onnxType = "float";
      value.shape = {5};
      value.count = 5;
      value.bytes = 20;
      values->push_back(value);
    }
    return made;
  }

  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, &context); }
  AffineExpr size(unsigned position) { return getAffineSymbolExpr(position, &context); }

  /// A call chooses n; the arena's size depends on a multiple of it that is the level's own.
  cpp::Interface openInterface(int64_t least, int64_t bytes) {
    cpp::Interface made = interface(64);
    made.arguments = 5;
    made.sizes.push_back({4, "n", "n"});
    made.derived.push_back({size(0), number(least)});
    made.required.push_back(size(0) - 2);
    made.arenaSize = size(1) * bytes;
    for (auto *values : {&made.inputs, &made.outputs}) {
      values->front().shape = {ShapedType::kDynamic};
      values->front().sizes = {size(1)};
      values->front().elements = size(1);
      values->front().count = -1;
      values->front().bytes = 4;
    }
    return made;
  }

  MLIRContext context;
  const Target &target;
  CppOptions options;
};

TEST_F(LevelsTest, ThereIsMemoryForEachLevel) {
  auto joined = join(interface(128), interface(512), interface(256));
  ASSERT_TRUE(succeeded(joined));
  EXPECT_EQ(joined->arenaBytes, 512);
  EXPECT_FALSE(joined->arenaSize);
  EXPECT_EQ(joined->target, "x86-64");
  ASSERT_EQ(joined->levels.size(), 3u);
  EXPECT_EQ(joined->levels[1].target, "x86-64-v3");
  EXPECT_EQ(joined->levels[1].function, "model_x86_64_v3_graph");
  EXPECT_NE(cpp::printHeader(*joined, options.style).find("arena_bytes = 512;"), std::string::npos);
}

TEST_F(LevelsTest, SizesThatLevelsDeriveAreApart) {
  auto joined = join(openInterface(8, 64), openInterface(16, 64), openInterface(8, 64));
  ASSERT_TRUE(succeeded(joined));
  // The first and the last are equal; the arena is the greatest of two.
  ASSERT_EQ(joined->derived.size(), 3u);
  EXPECT_EQ(joined->derived[0], SizeList({size(0), number(8)}));
  EXPECT_EQ(joined->derived[1], SizeList({size(0), number(16)}));
  EXPECT_EQ(joined->derived[2], SizeList({size(1) * 64, size(2) * 64}));
  EXPECT_EQ(joined->arenaSize, size(3));
  EXPECT_EQ(joined->required, SizeList({size(0) - 2}));
  EXPECT_EQ(joined->outputs.front().elements, size(1));
  std::string header = cpp::printHeader(*joined, options.style);
  EXPECT_NE(header.find("greatest(derived_0(sizes) * 64, derived_1(sizes) * 64)"), std::string::npos) << header;
  EXPECT_NE(header.find("return std::size_t(derived_2(sizes));"), std::string::npos) << header;
}

TEST_F(LevelsTest, EqualArenasAreOne) {
  auto joined = join(openInterface(8, 64), openInterface(8, 64), openInterface(8, 64));
  ASSERT_TRUE(succeeded(joined));
  EXPECT_EQ(joined->derived.size(), 1u);
  EXPECT_EQ(joined->arenaSize, size(1) * 64);
}

TEST_F(LevelsTest, ArenaOfOneLevelIsANumber) {
  cpp::Interface fixed = openInterface(8, 64);
  fixed.arenaSize = {};
  fixed.arenaBytes = 4096;
  auto joined = join(openInterface(8, 64), fixed, fixed);
  ASSERT_TRUE(succeeded(joined));
  ASSERT_EQ(joined->derived.size(), 2u);
  EXPECT_EQ(joined->derived[1], SizeList({size(1) * 64, number(4096)}));
  EXPECT_EQ(joined->arenaSize, size(2));
}

TEST_F(LevelsTest, OtherArgumentsAreRefused) {
  cpp::Interface other = interface(64);
  other.outputs.front().bytes = 40;
  std::string said;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { said = diagnostic.str(); });
  EXPECT_TRUE(failed(join(interface(64), interface(64), other)));
  EXPECT_EQ(said, "the levels x86-64-v4 and x86-64-v1 take different arguments; compile for one of them");
}

/// Offsets of the views of weights in @main, in order.
std::vector<int64_t> offsets(ModuleOp module) {
  std::vector<int64_t> list;
  module.walk([&](memref::ViewOp view) {
    APInt offset;
    EXPECT_TRUE(matchPattern(view.getByteShift(), m_ConstantInt(&offset)));
    list.push_back(offset.getSExtValue());
  });
  return list;
}

TEST_F(LevelsTest, EqualWeightsAreShared) {
  auto parse = [&](const char *weights) {
    return parseSourceString<ModuleOp>(std::string("module attributes {ingot.weights = dense<[") + weights + R"(]> : tensor<66xi8>} {
      func.func @main(%arena: memref<0xi8> {ingot.arena}, %weights: memref<66xi8> {ingot.weights}) -> i32 {
        %c0 = arith.constant 0 : index
        %c64 = arith.constant 64 : index
        %b = memref.view %weights[%c64][] : memref<66xi8> to memref<1xi16>
        %a = memref.view %weights[%c0][] : memref<66xi8> to memref<3xi8>
        %status = arith.constant 0 : i32
        return %status : i32
      }
    })",
                                       &context);
  };
  std::string zeros;
  for (int i = 3; i < 64; ++i)
    zeros += "0, ";
  SharedWeights shared;
  auto first = parse(("1, 2, 3, " + zeros + "4, 5").c_str()), second = parse(("6, 7, 8, " + zeros + "4, 5").c_str());
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(succeeded(shared.take(*first)));
  EXPECT_EQ(shared.bytes().size(), 66u);
  EXPECT_EQ(offsets(*first), (std::vector<int64_t>{64, 0}));
  ASSERT_TRUE(succeeded(shared.take(*second)));
  EXPECT_EQ(shared.bytes().size(), 131u);
  EXPECT_EQ(offsets(*second), (std::vector<int64_t>{64, 128}));
  EXPECT_EQ(shared.bytes().substr(128), StringRef("\6\7\10"));
  EXPECT_EQ(shared.bytes().substr(64, 2), StringRef("\4\5"));
}

TEST_F(LevelsTest, WeightsThatEndTooSoonAreRefused) {
  auto module = parseSourceString<ModuleOp>(R"(module attributes {ingot.weights = dense<[1, 2]> : tensor<2xi8>} {
    func.func @main(%arena: memref<0xi8> {ingot.arena}, %weights: memref<2xi8> {ingot.weights}) -> i32 {
      %c1 = arith.constant 1 : index
      %a = memref.view %weights[%c1][] : memref<2xi8> to memref<2xi8>
      %status = arith.constant 0 : i32
      return %status : i32
    }
  })",
                                            &context);
  ASSERT_TRUE(module);
  ScopedDiagnosticHandler handler(&context, [](Diagnostic &) {});
  SharedWeights shared;
  EXPECT_TRUE(failed(shared.take(*module)));
}

} // namespace
