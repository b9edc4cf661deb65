#ifndef INGOT_COMPILER_MATH_PASSES
#define INGOT_COMPILER_MATH_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"expand-math", "mlir::ModuleOp"> {
  let summary = "turn elementary functions into calls of Ingot's own";
  let description = [{
    Replaces `math.exp`, `exp2`, `expm1`, `log`, `log2`, `log10`, `log1p`, `tanh`, `erf`, `sin`, `cos`, `tan`, `asin`, `acos`, `atan`, `sinh`,
    `cosh`, `asinh`, `acosh`, `atanh`, `powf` and `fpowi` on scalars and one-dimensional vectors by calls of functions marked `ingot.math`, which are added to the module once for
    each type. What one operation says (`rsqrt`, `isnan`, `isinf`, `isfinite`) is written in place.

    The functions work on f32. Narrower floats are extended and rounded; f64 has no functions of its own yet and is an error. The module's target decides whether
    they use `math.fma`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::math::MathDialect"];
}

#endif
