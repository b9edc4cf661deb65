//===- PlanMemoryTest.cpp - random graphs, planned and run ----------------===//
//
// Graphs of small kernels, branches and loops, with values that are shared, swapped, returned twice or passed through, are planned, run in
// process and compared with the same graph interpreted on values that are never overwritten.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/Object.h"
#include "compiler/memory/Passes.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <random>

using namespace mlir;
using namespace ingot;

namespace {

constexpr int kSize = 8;
constexpr int kInputs = 2;
constexpr int kFlags = 4;
using Tensor = std::array<float, kSize>;

struct Node {
  enum Kind { Add, Blend, Half, Splat, If, For } kind;
  std::vector<int> operands;
  std::vector<int> results;
  int number = 0;
  std::vector<int> arguments;
  std::vector<Node> first, second;
  std::vector<int> firstYield, secondYield;
};

/// Makes a random graph; values are numbered in the order of their making.
class Graph {
public:
  explicit Graph(unsigned seed) : random(seed) {
    std::vector<int> visible;
    for (int i = 0; i < kInputs; ++i)
      visible.push_back(next++);
    nodes = block(visible, 0);
    for (int i = 0; i < 3; ++i)
      outputs.push_back(pick(visible));
  }

  std::string text() const {
    std::string body;
    llvm::raw_string_ostream out(body);
    print(out, nodes);
    std::string returned, types;
    for (int value : outputs) {
      returned += (returned.empty() ? "%v" : ", %v") + std::to_string(value);
      types += types.empty() ? "tensor<8xf32>" : ", tensor<8xf32>";
    }
    return "module attributes {ingot.target = \"x86-64-v1\"} {\n"
           "func.func @main(%v0: tensor<8xf32>, %v1: tensor<8xf32>, "
           "%flags: tensor<4xi1>) -> (" +
           types + ") {\n%c0 = arith.constant 0 : index\n" +
           "%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n" +
           "%c3 = arith.constant 3 : index\n" + body + "return " + returned +
           " : " + types + "\n}\n" + kernels() + "}\n";
  }

  std::vector<Tensor> run(const Tensor *inputs, const bool *flags) const {
    std::vector<Tensor> values(next);
    for (int i = 0; i < kInputs; ++i)
      values[i] = inputs[i];
    interpret(nodes, values, flags);
    std::vector<Tensor> result;
    for (int value : outputs)
      result.push_back(values[value]);
    return result;
  }

private:
  int pick(const std::vector<int> &visible) {
    // Recent values more often than old ones.
    size_t back = std::min<size_t>(random() % visible.size(),
                                   random() % visible.size());
    return visible[visible.size() - 1 - back];
  }

  std::vector<Node> block(std::vector<int> &visible, int depth) {
    std::vector<Node> list;
    int count = 1 + random() % 5;
    for (int i = 0; i < count; ++i) {
      Node node;
      int choice = random() % 10;
      int results = 1;
      if (choice < 3) {
        node.kind = Node::Add;
        node.operands = {pick(visible), pick(visible)};
      } else if (choice < 5) {
        node.kind = Node::Blend;
        node.operands = {pick(visible), pick(visible)};
      } else if (choice < 7) {
        node.kind = Node::Half;
        node.operands = {pick(visible)};
      } else if (choice == 7 || depth == 3) {
        node.kind = Node::Splat;
        node.number = random() % 3;
      } else if (choice == 8) {
        node.kind = Node::If;
        node.number = random() % kFlags;
        results = 1 + random() % 3;
        for (int side = 0; side < 2; ++side) {
          std::vector<int> inner = visible;
          (side ? node.second : node.first) = block(inner, depth + 1);
          for (int r = 0; r < results; ++r)
            (side ? node.secondYield : node.firstYield).push_back(pick(inner));
        }
      } else {
        node.kind = Node::For;
        node.number = random() % 4;
        results = 1 + random() % 3;
        std::vector<int> inner = visible;
        for (int r = 0; r < results; ++r) {
          node.operands.push_back(pick(visible));
          node.arguments.push_back(next);
          inner.push_back(next++);
        }
        node.first = block(inner, depth + 1);
        for (int r = 0; r < results; ++r)
          node.firstYield.push_back(pick(inner));
      }
      for (int r = 0; r < results; ++r) {
        node.results.push_back(next);
        visible.push_back(next++);
      }
      list.push_back(std::move(node));
    }
    return list;
  }

  static std::string types(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i)
      text += i ? ", tensor<8xf32>" : "tensor<8xf32>";
    return text;
  }
  static std::string values(const std::vector<int> &list) {
    std::string text;
    for (int value : list)
      text += (text.empty() ? "%v" : ", %v") + std::to_string(value);
    return text;
  }
  /// Several results have one name in MLIR, so each is given its own by a view.
  static void split(llvm::raw_ostream &out, const Node &node) {
    for (size_t i = 0; i < node.results.size(); ++i)
      out << "%e" << node.results[i] << " = tensor.expand_shape %r"
          << node.results[0] << "#" << i
          << " [[0, 1]] output_shape [2, 4] : tensor<8xf32> into "
             "tensor<2x4xf32>\n%v"
          << node.results[i] << " = tensor.collapse_shape %e"
          << node.results[i]
          << " [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>\n";
  }

  static void print(llvm::raw_ostream &out, const std::vector<Node> &list) {
    for (const Node &node : list) {
      int id = node.results[0];
      switch (node.kind) {
      case Node::Add:
      case Node::Blend:
      case Node::Half:
        out << "%v" << id << " = ingot.launch "
            << (node.kind == Node::Add     ? "@add"
                : node.kind == Node::Blend ? "@blend"
                                           : "@half")
            << "(" << values(node.operands) << ") : ("
            << types(node.operands.size()) << ") -> tensor<8xf32>\n";
        break;
      case Node::Splat:
        out << "%v" << id << " = arith.constant dense<" << node.number
            << ".0> : tensor<8xf32>\n";
        break;
      case Node::If:
        out << "%f" << id << " = tensor.extract %flags[%c" << node.number
            << "] : tensor<4xi1>\n%r" << id << ":" << node.results.size()
            << " = scf.if %f" << id << " -> (" << types(node.results.size())
            << ") {\n";
        print(out, node.first);
        out << "scf.yield " << values(node.firstYield) << " : "
            << types(node.results.size()) << "\n} else {\n";
        print(out, node.second);
        out << "scf.yield " << values(node.secondYield) << " : "
            << types(node.results.size()) << "\n}\n";
        split(out, node);
        break;
      case Node::For:
        out << "%r" << id << ":" << node.results.size()
            << " = scf.for %i" << id << " = %c0 to %c" << node.number
            << " step %c1 iter_args(";
        for (size_t i = 0; i < node.arguments.size(); ++i)
          out << (i ? ", %v" : "%v") << node.arguments[i] << " = %v"
              << node.operands[i];
        out << ") -> (" << types(node.results.size()) << ") {\n";
        print(out, node.first);
        out << "scf.yield " << values(node.firstYield) << " : "
            << types(node.results.size()) << "\n}\n";
        split(out, node);
        break;
      }
    }
  }

  static void interpret(const std::vector<Node> &list,
                        std::vector<Tensor> &values, const bool *flags) {
    for (const Node &node : list) {
      Tensor result{};
      switch (node.kind) {
      case Node::Add:
        for (int i = 0; i < kSize; ++i)
          result[i] = values[node.operands[0]][kSize - 1 - i] +
                      values[node.operands[1]][i];
        break;
      case Node::Blend:
        for (int i = 0; i < kSize; ++i)
          result[i] = values[node.operands[0]][i] -
                      0.5f * values[node.operands[1]][i];
        break;
      case Node::Half:
        for (int i = 0; i < kSize; ++i)
          result[i] = 0.5f * values[node.operands[0]][i];
        break;
      case Node::Splat:
        result.fill(float(node.number));
        break;
      case Node::If: {
        bool yes = flags[node.number];
        interpret(yes ? node.first : node.second, values, flags);
        for (size_t i = 0; i < node.results.size(); ++i)
          values[node.results[i]] =
              values[(yes ? node.firstYield : node.secondYield)[i]];
        continue;
      }
      case Node::For: {
        std::vector<Tensor> carried;
        for (int operand : node.operands)
          carried.push_back(values[operand]);
        for (int i = 0; i < node.number; ++i) {
          for (size_t j = 0; j < carried.size(); ++j)
            values[node.arguments[j]] = carried[j];
          interpret(node.first, values, flags);
          for (size_t j = 0; j < carried.size(); ++j)
            carried[j] = values[node.firstYield[j]];
        }
        for (size_t j = 0; j < carried.size(); ++j)
          values[node.results[j]] = carried[j];
        continue;
      }
      }
      values[node.results[0]] = result;
    }
  }

  /// `add` reads its first operand backwards, so it would show if a result took its place; the others may work in place. `add` dirties scratch memory.
  static std::string kernels() {
    const char *loop = "%c0 = arith.constant 0 : index\n"
                       "%c1 = arith.constant 1 : index\n"
                       "%c8 = arith.constant 8 : index\n"
                       "%h = arith.constant 0.5 : f32\n"
                       "scf.for %i = %c0 to %c8 step %c1 {\n"
                       "%x = memref.load %a[%i] : memref<8xf32>\n";
    return std::string("func.func private @add(%a: memref<8xf32>, %b: "
                       "memref<8xf32>, %c: memref<8xf32>, %s: memref<32xi8>) "
                       "attributes {ingot.kernel, ingot.scratch = 32 : i64} {\n") +
           loop +
           "%r = affine.apply affine_map<(d0) -> (7 - d0)>(%i)\n"
           "%y = memref.load %a[%r] : memref<8xf32>\n"
           "%z = memref.load %b[%i] : memref<8xf32>\n"
           "%w = arith.addf %y, %z : f32\n"
           "memref.store %w, %c[%i] : memref<8xf32>\n"
           "%bytes = arith.constant 77 : i8\n"
           "memref.store %bytes, %s[%i] : memref<32xi8>\n"
           "}\nreturn\n}\n"
           "func.func private @blend(%a: memref<8xf32>, %b: memref<8xf32>, "
           "%c: memref<8xf32>) attributes {ingot.kernel, ingot.inplace = [[0, "
           "1], [0, 0]]} {\n" +
           loop +
           "%y = memref.load %b[%i] : memref<8xf32>\n"
           "%z = arith.mulf %h, %y : f32\n%w = arith.subf %x, %z : f32\n"
           "memref.store %w, %c[%i] : memref<8xf32>\n}\nreturn\n}\n"
           "func.func private @half(%a: memref<8xf32>, %c: memref<8xf32>) "
           "attributes {ingot.kernel, ingot.inplace = [[0, 0]]} {\n" +
           loop +
           "%z = arith.mulf %h, %x : f32\n"
           "memref.store %z, %c[%i] : memref<8xf32>\n}\nreturn\n}\n";
  }

  std::mt19937 random;
  int next = 0;
  std::vector<Node> nodes;
  std::vector<int> outputs;
};

TEST(PlanMemory, RandomGraphsKeepTheirValues) {
  DialectRegistry registry;
  registry.insert<IngotDialect, affine::AffineDialect, arith::ArithDialect,
                  func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, tensor::TensorDialect,
                  vector::VectorDialect>();
  unsigned seeds = 100;
  if (const char *text = getenv("INGOT_TEST_SEEDS"))
    seeds = atoi(text);
  for (unsigned seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    context.loadAllAvailableDialects();
    Graph graph(seed);
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(graph.text(), &context);
    ASSERT_TRUE(module) << graph.text();
    PassManager passes(&context, ModuleOp::getOperationName());
    passes.addPass(createPlanMemory());
    ASSERT_TRUE(succeeded(passes.run(*module))) << graph.text();
    auto model = compileInProcess(*module, 0);
    ASSERT_TRUE(succeeded(model));
    for (unsigned mask = 0; mask < (1u << kFlags); mask += 5) {
      Tensor inputs[kInputs];
      bool flags[kFlags];
      for (int i = 0; i < kSize; ++i) {
        inputs[0][i] = float(i + 1);
        inputs[1][i] = float(100 * i);
      }
      for (int i = 0; i < kFlags; ++i)
        flags[i] = mask >> i & 1;
      Tensor results[3];
      ASSERT_EQ((*model)->run({&inputs[0], &inputs[1], flags},
                              {&results[0], &results[1], &results[2]}),
                0);
      std::vector<Tensor> expected = graph.run(inputs, flags);
      for (int i = 0; i < 3; ++i)
        ASSERT_EQ(results[i], expected[i])
            << "output " << i << ", flags " << mask << "\n"
            << graph.text();
    }
  }
}

} // namespace
