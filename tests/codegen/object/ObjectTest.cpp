//===- ObjectTest.cpp - modules of the loops level, planned and run -------===//
#include "codegen/object/Object.h"
#include "compiler/memory/Passes.h"
#include "compiler/support/Elements.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot;

namespace {

class ObjectTest : public testing::Test {
protected:
  ObjectTest() {
    DialectRegistry registry;
    registry.insert<IngotDialect, affine::AffineDialect, arith::ArithDialect,
                    func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, tensor::TensorDialect,
                    vector::VectorDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  static LogicalResult plan(ModuleOp module) {
    PassManager passes(module.getContext(), ModuleOp::getOperationName());
    passes.addPass(createPlanMemory());
    return passes.run(module);
  }

  /// Parses, plans and compiles; null where one of them fails.
  std::unique_ptr<CompiledModel> compile(const char *text) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module || failed(plan(*module)))
      return nullptr;
    auto model = compileInProcess(*module);
    return failed(model) ? nullptr : std::move(*model);
  }

  MLIRContext context;
};

/// A matrix product of 4 rows with a tile function, a bias from the weights
/// and a sum over lanes.
const char matmul[] = R"(
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%a: tensor<4x3xf32>) -> (tensor<4x8xf32>, tensor<4xf32>) {
    %b = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
      [0.5, 0.25, 0.125, 0.0625, 2.0, 4.0, 8.0, 16.0],
      [-1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0]]> : tensor<3x8xf32>
    %0 = ingot.launch @matmul(%a, %b) : (tensor<4x3xf32>, tensor<3x8xf32>) -> tensor<4x8xf32>
    %1 = ingot.launch @sums(%0) : (tensor<4x8xf32>) -> tensor<4xf32>
    return %0, %1 : tensor<4x8xf32>, tensor<4xf32>
  }
  func.func private @matmul(%a: memref<12xf32>, %b: memref<24xf32>, %c: memref<32xf32>) attributes {ingot.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      func.call @row(%a, %b, %c, %i) : (memref<12xf32>, memref<24xf32>, memref<32xf32>, index) -> ()
    }
    return
  }
  func.func private @row(%a: memref<12xf32>, %b: memref<24xf32>, %c: memref<32xf32>, %i: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %zero = arith.constant dense<0.0> : vector<8xf32>
    %sum = scf.for %k = %c0 to %c3 step %c1 iter_args(%acc = %zero) -> vector<8xf32> {
      %ai = affine.apply affine_map<(d0, d1) -> (d0 * 3 + d1)>(%i, %k)
      %bi = affine.apply affine_map<(d0) -> (d0 * 8)>(%k)
      %x = memref.load %a[%ai] : memref<12xf32>
      %xs = vector.broadcast %x : f32 to vector<8xf32>
      %y = vector.load %b[%bi] : memref<24xf32>, vector<8xf32>
      %next = math.fma %xs, %y, %acc : vector<8xf32>
      scf.yield %next : vector<8xf32>
    }
    %ci = affine.apply affine_map<(d0) -> (d0 * 8)>(%i)
    vector.store %sum, %c[%ci] : memref<32xf32>, vector<8xf32>
    return
  }
  func.func private @sums(%c: memref<32xf32>, %s: memref<4xf32>) attributes {ingot.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %ci = affine.apply affine_map<(d0) -> (d0 * 8)>(%i)
      %v = vector.load %c[%ci] : memref<32xf32>, vector<8xf32>
      %r = vector.reduction <add>, %v : vector<8xf32> into f32
      memref.store %r, %s[%i] : memref<4xf32>
    }
    return
  }
})";

TEST_F(ObjectTest, MatrixProduct) {
  auto model = compile(matmul);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->getNumInputs(), 1u);
  EXPECT_EQ(model->getNumOutputs(), 2u);
  const float b[3][8] = {{1, 2, 3, 4, 5, 6, 7, 8},
                         {0.5, 0.25, 0.125, 0.0625, 2, 4, 8, 16},
                         {-1, -1, 1, 1, -1, -1, 1, 1}};
  float a[4][3], c[4][8], sums[4];
  for (int i = 0; i < 12; ++i)
    a[i / 3][i % 3] = 0.1f * float(i);
  ASSERT_EQ(model->run({a}, {c, sums}), 0);
  for (int i = 0; i < 4; ++i) {
    float row[8];
    for (int j = 0; j < 8; ++j) {
      row[j] = 0;
      for (int k = 0; k < 3; ++k)
        row[j] = std::fma(a[i][k], b[k][j], row[j]);
      EXPECT_EQ(c[i][j], row[j]);
    }
    // The tree of docs/ir.md.
    for (int lanes = 4; lanes > 0; lanes /= 2)
      for (int j = 0; j < lanes; ++j)
        row[j] = row[j] + row[lanes + j];
    EXPECT_EQ(sums[i], row[0]);
  }
}

TEST_F(ObjectTest, BranchesLoopsAndStatus) {
  auto model = compile(R"(
module attributes {ingot.target = "x86-64-v1"} {
  func.func @main(%x: tensor<5xf32>, %n: tensor<i64>) -> (tensor<5xf32>, tensor<5xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0 : i64
    %count = tensor.extract %n[] : tensor<i64>
    %positive = arith.cmpi sgt, %count, %zero : i64
    %last = arith.index_cast %count : i64 to index
    %r = scf.if %positive -> tensor<5xf32> {
      %s:2 = scf.for %i = %c0 to %last step %c1 iter_args(%a = %x, %b = %x) -> (tensor<5xf32>, tensor<5xf32>) {
        %d = ingot.launch @add(%a, %b) : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>
        scf.yield %b, %d : tensor<5xf32>, tensor<5xf32>
      }
      scf.yield %s#1 : tensor<5xf32>
    } else {
      scf.yield %x : tensor<5xf32>
    }
    %p = ingot.launch @pick(%x, %last) : (tensor<5xf32>, index) -> tensor<5xf32>
    return %r, %p : tensor<5xf32>, tensor<5xf32>
  }
  func.func private @add(%a: memref<5xf32>, %b: memref<5xf32>, %c: memref<5xf32>) attributes {ingot.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    scf.for %i = %c0 to %c5 step %c1 {
      %x = memref.load %a[%i] : memref<5xf32>
      %y = memref.load %b[%i] : memref<5xf32>
      %z = arith.addf %x, %y : f32
      memref.store %z, %c[%i] : memref<5xf32>
    }
    return
  }
  func.func private @pick(%a: memref<5xf32>, %n: index, %c: memref<5xf32>, %status: memref<1xi32>) attributes {ingot.kernel, ingot.checked} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c5 = arith.constant 5 : index
    %one = arith.constant 1 : i32
    %outside = arith.cmpi uge, %n, %c5 : index
    scf.if %outside {
      memref.store %one, %status[%c0] : memref<1xi32>
    }
    %at = arith.select %outside, %c0, %n : index
    %x = memref.load %a[%at] : memref<5xf32>
    scf.for %i = %c0 to %c5 step %c1 {
      memref.store %x, %c[%i] : memref<5xf32>
    }
    return
  }
})");
  ASSERT_TRUE(model);
  float x[5] = {1, 2, 3, 4, 5}, r[5], p[5];
  // Fibonacci numbers: (a, b) becomes (b, a + b) n times, from (1, 1).
  const float factors[] = {1, 2, 3, 5, 8};
  for (int64_t n = 0; n < 7; ++n) {
    ASSERT_EQ(model->run({x, &n}, {r, p}), n >= 5);
    for (int i = 0; n < 5 && i < 5; ++i) {
      EXPECT_EQ(r[i], x[i] * factors[n]);
      EXPECT_EQ(p[i], x[n]);
    }
  }
}

TEST_F(ObjectTest, ConstantsAreEvaluated) {
  const char text[] = R"(
module {
  func.func @main() -> (tensor<2x2xi64>, tensor<3xi1>) {
    %a = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
    %b = arith.constant dense<[true, false, true]> : tensor<3xi1>
    %0 = ingot.launch @double(%a) : (tensor<4xi64>) -> tensor<4xi64>
    %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 2] : tensor<4xi64> into tensor<2x2xi64>
    return %1, %b : tensor<2x2xi64>, tensor<3xi1>
  }
  func.func private @double(%a: memref<4xi64>, %c: memref<4xi64>) attributes {ingot.kernel} {
    %c0 = arith.constant 0 : index
    %x = vector.load %a[%c0] : memref<4xi64>, vector<4xi64>
    %y = arith.addi %x, %x : vector<4xi64>
    vector.store %y, %c[%c0] : memref<4xi64>, vector<4xi64>
    return
  }
})";
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  auto values = evaluateConstants(*module, plan);
  ASSERT_TRUE(succeeded(values));
  ASSERT_EQ(values->size(), 2u);
  EXPECT_EQ(*integerValues((*values)[0]), (std::vector<int64_t>{2, 4, 6, 8}));
  EXPECT_EQ(*integerValues((*values)[1]), (std::vector<int64_t>{1, 0, 1}));
}

} // namespace
