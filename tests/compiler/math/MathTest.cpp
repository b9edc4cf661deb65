//===- MathTest.cpp - error bounds of the elementary functions ------------===//
//
// Runs each function in process, with and without fused multiply-add, as scalars and as vectors, on a dense sample of all floats, and
// compares with the C library's functions on double.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/Object.h"
#include "compiler/math/Functions.h"
#include "compiler/math/Passes.h"
#include "compiler/math/Quotient.h"
#include "compiler/memory/Passes.h"
#include "dialects/ingot/IngotDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace ingot;

namespace {

constexpr float kInfinity = INFINITY;

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Distance from the exact value, in units of the last place that a float of
/// its size has.
double ulpError(float value, double exact) {
  if (std::isnan(exact) || std::isnan(value))
    return std::isnan(exact) && std::isnan(value) ? 0 : kInfinity;
  // What rounds to infinity is one step from the greatest float.
  if (std::isinf(value) || std::isinf(float(exact))) {
    if (value == float(exact))
      return 0;
    return std::abs(exact) > 3.4028e38 && std::abs(value) > 3.4028e38f
               ? 1
               : kInfinity;
  }
  int exponent = std::max(std::ilogb(exact), -126);
  if (exact == 0)
    exponent = -126;
  return std::abs(double(value) - exact) / std::ldexp(1.0, exponent - 23);
}

constexpr int kCount = 4096;

/// A function over kCount values, as code.
class Compiled {
public:
  Compiled(StringRef operation, unsigned arguments, StringRef target,
           int lanes, std::string element = "f32") {
    DialectRegistry registry;
    registry.insert<IngotDialect, affine::AffineDialect, arith::ArithDialect,
                    func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                    scf::SCFDialect, tensor::TensorDialect,
                    vector::VectorDialect>();
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    std::string text;
    llvm::raw_string_ostream out(text);
    std::string type =
        lanes == 1 ? element
                   : "vector<" + std::to_string(lanes) + "x" + element + ">";
    std::string buffer =
        "memref<" + std::to_string(kCount) + "x" + element + ">";
    std::string tensor =
        "tensor<" + std::to_string(kCount) + "x" + element + ">";
    bool two = arguments == 2;
    auto load = [&](StringRef name, StringRef from) {
      out << "  %" << name << " = ";
      if (lanes == 1)
        out << "memref.load %" << from << "[%i] : " << buffer << "\n";
      else
        out << "vector.load %" << from << "[%i] : " << buffer << ", " << type
            << "\n";
    };
    out << "module attributes {ingot.target = \"" << target << "\"} {\n"
        << "func.func @main(%a: " << tensor << ", %b: " << tensor << ") -> "
        << tensor << " {\n  %r = ingot.launch @f(%a, %b) : (" << tensor << ", "
        << tensor << ") -> " << tensor << "\n  return %r : " << tensor
        << "\n}\nfunc.func private @f(%a: " << buffer << ", %b: " << buffer
        << ", %c: " << buffer << ") attributes {ingot.kernel} {\n"
        << "  %zero = arith.constant 0 : index\n  %step = arith.constant "
        << lanes << " : index\n  %end = arith.constant " << kCount
        << " : index\n  scf.for %i = %zero to %end step %step {\n";
    load("x", "a");
    if (two)
      load("y", "b");
    out << "  %r = math." << operation << " %x" << (two ? ", %y" : "") << " : "
        << type << "\n";
    if (lanes == 1)
      out << "  memref.store %r, %c[%i] : " << buffer << "\n";
    else
      out << "  vector.store %r, %c[%i] : " << buffer << ", " << type << "\n";
    out << "  }\n  return\n}\n}\n";

    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return;
    PassManager passes(&context, ModuleOp::getOperationName());
    passes.addPass(createExpandMath());
    passes.addPass(createPlanMemory());
    if (failed(passes.run(*module)))
      return;
    auto compiled = compileInProcess(*module);
    if (succeeded(compiled))
      model = std::move(*compiled);
  }

  explicit operator bool() const { return bool(model); }

  void run(const void *x, const void *y, void *result) {
    model->run({x, y}, {result});
  }
  float operator()(float x, float y = 0) {
    std::vector<float> xs(kCount, x), ys(kCount, y), results(kCount);
    run(xs.data(), ys.data(), results.data());
    return results[0];
  }

private:
  MLIRContext context;
  std::unique_ptr<CompiledModel> model;
};

struct Case {
  friend void PrintTo(const Case &info, std::ostream *out) {
    *out << info.name;
  }
  const char *name;
  double (*reference)(double);
  /// Greatest error, in ULP.
  double bound;
  /// Inputs are floats of magnitude up to this.
  float limit = kInfinity;
};

const Case cases[] = {
    {"acos", std::acos, 2},        {"acosh", std::acosh, 3},
    {"asin", std::asin, 2.5},        {"asinh", std::asinh, 3},
    {"atan", std::atan, 2},        {"atanh", std::atanh, 2.5},
    {"cos", std::cos, 2, 1e5f},    {"cosh", std::cosh, 2},
    {"erf", std::erf, 2},          {"exp", std::exp, 1.5},
    {"exp2", std::exp2, 1.5},      {"expm1", std::expm1, 2},
    {"log", std::log, 1.5},        {"log10", std::log10, 2.5},
    {"log1p", std::log1p, 2},      {"log2", std::log2, 2.5},
    {"sin", std::sin, 2, 1e5f},    {"sinh", std::sinh, 2},
    {"tan", std::tan, 4, 1e5f},    {"tanh", std::tanh, 3},
};

std::string caseName(const testing::TestParamInfo<Case> &info) {
  return info.param.name;
}

class Elementary : public testing::TestWithParam<Case> {};

/// Every exponent with many mantissas, and more of them where the functions
/// have their range.
std::vector<float> samples(float limit) {
  std::vector<float> list;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 6007)
    list.push_back(fromBits(bits));
  std::mt19937 random(1);
  for (float range : {1.0f, 4.0f, 20.0f, 110.0f, 1e5f}) {
    std::uniform_real_distribution<float> uniform(-range, range);
    for (int i = 0; i < 100000; ++i)
      list.push_back(uniform(random));
  }
  for (uint32_t bits : {0x00000000u, 0x80000000u, 0x7F800000u, 0xFF800000u,
                        0x7FC00000u, 0x3F800000u, 0xBF800000u, 0x00000001u,
                        0x007FFFFFu, 0x00800000u, 0x7F7FFFFFu})
    list.push_back(fromBits(bits));
  llvm::erase_if(list, [&](float x) {
    return std::abs(x) > limit && !std::isinf(x);
  });
  list.resize(llvm::alignTo(list.size(), kCount));
  return list;
}

TEST_P(Elementary, StaysWithinItsBound) {
  const Case &info = GetParam();
  std::vector<float> inputs = samples(info.limit);
  std::vector<double> exact(inputs.begin(), inputs.end());
  for (double &value : exact)
    value = info.reference(value);
  for (auto [target, lanes] : {std::pair("x86-64-v3", 16), {"x86-64-v3", 1},
                               {"x86-64-v1", 4}}) {
    Compiled function(info.name, 1, target, lanes);
    ASSERT_TRUE(function);
    std::vector<float> results(inputs.size());
    for (size_t i = 0; i < inputs.size(); i += kCount)
      function.run(&inputs[i], &inputs[i], &results[i]);
    double worst = 0;
    float at = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      double error = ulpError(results[i], exact[i]);
      if (exact[i] == 0 && std::signbit(results[i]) != std::signbit(exact[i]))
        error = kInfinity;
      if (error > worst) {
        worst = error;
        at = inputs[i];
      }
    }
    EXPECT_LE(worst, info.bound)
        << target << " x" << lanes << ", at " << at << ": " << function(at)
        << ", exactly " << info.reference(at);
    std::printf("%s %s x%d: %.3f ULP at %.9g\n", info.name, target, lanes,
                worst, at);
  }
}

INSTANTIATE_TEST_SUITE_P(Math, Elementary, testing::ValuesIn(cases), caseName);

TEST(Powers, StayWithinTheirBound) {
  for (auto [target, lanes] :
       {std::pair("x86-64-v3", 8), {"x86-64-v1", 1}}) {
    Compiled power("powf", 2, target, lanes);
    ASSERT_TRUE(power);
    std::mt19937 random(2);
    std::uniform_int_distribution<uint32_t> anyBits;
    std::uniform_real_distribution<float> near(-30, 30);
    std::uniform_real_distribution<float> unit(0.5, 2);
    double worst = 0;
    for (int round = 0; round < 200; ++round) {
      std::vector<float> x(kCount), y(kCount), result(kCount);
      for (int i = 0; i < kCount; ++i) {
        x[i] = round % 4 == 0   ? fromBits(anyBits(random))
               : round % 4 == 1 ? unit(random)
                                : near(random);
        y[i] = round % 4 == 3 ? std::round(near(random)) : near(random);
        if (round % 8 == 0)
          y[i] = fromBits(anyBits(random));
      }
      power.run(x.data(), y.data(), result.data());
      for (int i = 0; i < kCount; ++i)
        worst = std::max(
            worst, ulpError(result[i], std::pow(double(x[i]), double(y[i]))));
    }
    EXPECT_LE(worst, 1) << target;
    std::printf("powf %s x%d: %.3f ULP\n", target, lanes, worst);
  }
}

/// The special cases of IEEE 754, as C's pow has them.
TEST(Powers, AtTheEdges) {
  const float edges[] = {0.0f,  -0.0f, 1.0f,  -1.0f,    2.0f,       -2.0f,
                         0.5f,  -0.5f, 3.0f,  -3.0f,    2.5f,       -2.5f,
                         1e30f, -1e30f, 1e-40f, kInfinity, -kInfinity, NAN,
                         16777216.0f, -16777217.0f, 1e-30f};
  Compiled power("powf", 2, "x86-64-v3", 8);
  ASSERT_TRUE(power);
  for (float x : edges)
    for (float y : edges) {
      float result = power(x, y);
      double exact = std::pow(double(x), double(y));
      EXPECT_LE(ulpError(result, exact), 1) << x << " ^ " << y;
      if (!std::isnan(exact)) {
        EXPECT_EQ(std::signbit(result), std::signbit(exact)) << x << " ^ " << y;
      }
    }
}

/// Beyond their accurate range sine and cosine stay between -1 and 1.
TEST(Angles, StayBounded) {
  for (const char *name : {"sin", "cos"})
    for (const char *target : {"x86-64-v3", "x86-64-v1"}) {
      Compiled function(name, 1, target, 4);
      ASSERT_TRUE(function);
      for (float x = 1e5f; x < 3e38f; x *= 1.37f) {
        EXPECT_LE(std::abs(function(x)), 1.0f) << name << " " << x;
      }
    }
}

//===----------------------------------------------------------------------===//
// Doubles
//===----------------------------------------------------------------------===//

/// Distance from the exact value, in units of the last place of a double of its size.
double ulpErrorOfDouble(double value, long double exact) {
  if (std::isnan(exact) || std::isnan(value))
    return std::isnan(exact) && std::isnan(value) ? 0 : kInfinity;
  if (std::isinf(value) || std::isinf(double(exact))) {
    if (value == double(exact))
      return 0;
    return std::abs(exact) > 1.79769e308L && std::abs(value) > 1.79769e308
               ? 1
               : kInfinity;
  }
  int exponent = exact == 0 ? -1022 : std::max(std::ilogb(exact), -1022);
  return double(std::abs((long double)value - exact) /
                std::ldexp(1.0L, exponent - 52));
}

struct DoubleCase {
  const char *name;
  long double (*reference)(long double);
  double bound;
  double limit = kInfinity;
};

const DoubleCase doubleCases[] = {
    {"acos", std::acos, 2.5},   {"acosh", std::acosh, 4},
    {"asin", std::asin, 2.5},   {"asinh", std::asinh, 4},
    {"atan", std::atan, 2},     {"atanh", std::atanh, 4},
    {"cos", std::cos, 2.5, 1e5}, {"cosh", std::cosh, 2},
    {"erf", std::erf, 2.5},     {"exp", std::exp, 1.5},
    {"exp2", std::exp2, 1.5},   {"expm1", std::expm1, 3},
    {"log", std::log, 1.5},     {"log10", std::log10, 3},
    {"log1p", std::log1p, 2.5}, {"log2", std::log2, 3},
    {"sin", std::sin, 2.5, 1e5},{"sinh", std::sinh, 3},
    {"tan", std::tan, 4, 1e5},  {"tanh", std::tanh, 4},
};

std::vector<double> doubleSamples(double limit) {
  std::vector<double> list = {0.0,     -0.0,      INFINITY, -INFINITY, NAN,
                              1.0,     -1.0,      5e-324,   1e-310,    0.5,
                              -0.5,    2.2e-308,  1.7e308,  -1.7e308,  709.5,
                              -745.0,  709.9};
  std::mt19937_64 random(1);
  for (int i = 0; i < 60000; ++i) {
    uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    list.push_back(value);
  }
  for (double range : {1.0, 4.0, 20.0, 750.0, 1e5}) {
    std::uniform_real_distribution<double> uniform(-range, range);
    for (int i = 0; i < 20000; ++i)
      list.push_back(uniform(random));
  }
  llvm::erase_if(list, [&](double x) {
    return std::abs(x) > limit && !std::isinf(x);
  });
  list.resize(llvm::alignTo(list.size(), kCount));
  return list;
}

float quotientBy(const Reciprocal &reciprocal, float x) {
  return reciprocal.low == 0 ? x * reciprocal.high : std::fma(x, reciprocal.high, x * reciprocal.low);
}

TEST(Quotients, AreDivisions) {
  std::mt19937 random(1);
  int without = 0;
  for (int i = 0; i < 30; ++i) {
    // Some with few bits, as scales of powers of two times small integers have.
    uint32_t mask = i % 5 ? ~0u : ~0u << (random() % 23);
    float divisor = std::ldexp(float((random() & 0x7fffff & mask) | 0x800000), int(random() % 100) - 73) * (i % 2 ? 1.0f : -1.0f);
    std::optional<Reciprocal> reciprocal = exactReciprocal(divisor);
    without += !reciprocal;
    for (uint32_t x = 1 << 23; reciprocal && x < 1 << 24; ++x)
      ASSERT_EQ(quotientBy(*reciprocal, float(x)), float(x) / divisor) << x << " / " << divisor;
  }
  EXPECT_LE(without, 5);
}

TEST(Quotients, AreDivisionsOfAllKindsOfNumbers) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float divisor : {0.1f, -0.1f, 3.0f, 0.25f, 0.036655225f, 1e20f, 1e-20f}) {
    std::optional<Reciprocal> reciprocal = exactReciprocal(divisor);
    ASSERT_TRUE(reciprocal) << divisor;
    for (float x : {0.0f, -0.0f, infinity, -infinity, std::numeric_limits<float>::max(), 1e30f, -7.0f}) {
      float quotient = quotientBy(*reciprocal, x);
      EXPECT_EQ(quotient, x / divisor) << x << " / " << divisor;
      EXPECT_EQ(std::signbit(quotient), std::signbit(x / divisor)) << x << " / " << divisor;
    }
    for (float x : {1e-9f, -1e-37f, 1e-40f, std::numeric_limits<float>::denorm_min()}) {
      float small = std::min(std::fabs(divisor), 1.0f) * x;
      EXPECT_LT(std::fabs(quotientBy(*reciprocal, small)), 0x1p-24f) << small << " / " << divisor;
    }
  }
  for (float divisor : {0.0f, infinity, std::numeric_limits<float>::quiet_NaN(), 1e-30f, 1e30f})
    EXPECT_FALSE(exactReciprocal(divisor)) << divisor;
}

TEST(Doubles, StayWithinTheirBounds) {
  for (const DoubleCase &info : doubleCases) {
    std::vector<double> inputs = doubleSamples(info.limit);
    for (auto [target, lanes] :
         {std::pair("x86-64-v3", 4), {"x86-64-v1", 1}}) {
      Compiled function(info.name, 1, target, lanes, "f64");
      ASSERT_TRUE(function);
      std::vector<double> results(inputs.size());
      for (size_t i = 0; i < inputs.size(); i += kCount)
        function.run(&inputs[i], &inputs[i], &results[i]);
      double worst = 0, at = 0, wrong = 0;
      for (size_t i = 0; i < inputs.size(); ++i) {
        long double exact = info.reference(inputs[i]);
        double error = ulpErrorOfDouble(results[i], exact);
        if (exact == 0 && std::signbit(results[i]) != std::signbit(exact))
          error = kInfinity;
        if (error > worst) {
          worst = error;
          at = inputs[i];
          wrong = results[i];
        }
      }
      EXPECT_LE(worst, info.bound)
          << info.name << " " << target << " x" << lanes << ", at " << at
          << ": " << wrong << ", exactly " << info.reference(at);
      std::printf("%s f64 %s x%d: %.3f ULP at %.17g\n", info.name, target,
                  lanes, worst, at);
    }
  }
}

TEST(Doubles, PowersStayWithinTheirBound) {
  Compiled power("powf", 2, "x86-64-v3", 4, "f64");
  ASSERT_TRUE(power);
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> near(-30, 30), unit(0.5, 2);
  const double edges[] = {0.0,  -0.0,  1.0,   -1.0,  2.0,      -2.0,      0.5,
                          -0.5, 3.0,   -3.0,  2.5,   1e300,    -1e300,    1e-310,
                          NAN,  1e16,  9007199254740991.0, INFINITY, -INFINITY, 1e-30};
  double worst = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<double> x(kCount), y(kCount), result(kCount);
    for (int i = 0; i < kCount; ++i) {
      x[i] = round % 2 ? unit(random) : near(random);
      y[i] = round % 4 == 3 ? 30 * near(random) : round % 4 == 2 ? std::round(near(random)) : near(random);
      if (round == 0 && i < 400) {
        x[i] = edges[i / 20];
        y[i] = edges[i % 20];
      }
    }
    power.run(x.data(), y.data(), result.data());
    for (int i = 0; i < kCount; ++i) {
      long double exact = std::pow((long double)x[i], (long double)y[i]);
      double error = ulpErrorOfDouble(result[i], exact);
      EXPECT_LE(error, 2) << x[i] << " ^ " << y[i] << " is " << result[i];
      if (!std::isnan(exact)) {
        EXPECT_EQ(std::signbit(result[i]), std::signbit(exact)) << x[i] << " ^ " << y[i];
      }
      worst = std::max(worst, error);
    }
  }
  std::printf("powf f64: %.3f ULP\n", worst);
}

} // namespace
