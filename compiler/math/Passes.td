#ifndef INGOT_COMPILER_MATH_PASSES
#define INGOT_COMPILER_MATH_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"expand-math", "mlir::ModuleOp"> {
  let summary = "turn elementary functions into calls of Ingot's own";
  let description = [{
    Replaces `math.exp`, `exp2`, `expm1`, `log`, `log2`, `log10`, `log1p`, `tanh`, `erf`, `sin`, `cos`, `tan`, `asin`, `acos`, `atan`, `sinh`,
    `cosh`, `asinh`, `acosh`, `atanh`, `powf` and `fpowi` and `arith.remf` on scalars and one-dimensional vectors by calls of functions marked `ingot.math`, which are added to the module once for
    each type. What one operation says (`rsqrt`, `isnan`, `isinf`, `isfinite`) is written in place.

    The functions work on f32 and f64. Conversions to and from narrower formats (`arith.extf` and `arith.truncf` of f16 and bf16, `ingot.decode`, `ingot.encode`) become calls
    as well; elementary functions of narrower floats are an error. Where the target converts float16 by instructions, `ingot.decode` and `ingot.encode` of its bits stay, which both roads know. The module's target decides whether f32 functions use `math.fma`.
  }];
  let dependentDialects = ["ingot::IngotDialect", "mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect",
                           "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"];
}

#endif
