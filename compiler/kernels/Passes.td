#ifndef INGOT_KERNELS_PASSES
#define INGOT_KERNELS_PASSES

include "mlir/Pass/PassBase.td"

def FuseElementwise : Pass<"fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "merge elementwise operations into one another";
  let description = [{
    A chain of elementwise `linalg.generic`s becomes one, when nothing is computed twice by it. Transposes become indexing maps of their
    consumer, where that keeps the innermost dimension in its place or the consumer is elementwise itself. An elementwise producer moves into a
    plain reduction (layer norm's squares into the sum), never into a contraction, which would repeat it.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::affine::AffineDialect"];
}

def Tabulate : Pass<"tabulate", "::mlir::func::FuncOp"> {
  let summary = "long functions of one byte as tables";
  let description = [{
    What an elementwise operation computes of a single i8 and of constants is a table of 256 elements (`ingot.lookup`), where looking it up is faster on the target
    than computing it: activations of quantised models, which go from byte to byte several times.
  }];
  let dependentDialects = ["::ingot::IngotDialect"];
}

def SimplifyRounding : Pass<"simplify-rounding", "::mlir::func::FuncOp"> {
  let summary = "numbers of codes without the codes, rounded quotients without divisions";
  let description = [{
    What an elementwise operation rounds and clamps to a code, and takes for a number again, stays a number. A quotient by a constant that is rounded to an integer becomes two
    products, where the target fuses multiply and add and they are shown to give the same for every number.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def NarrowFactors : Pass<"narrow-factors", "::mlir::func::FuncOp"> {
  let summary = "products of int8 in place of int16, where the target sums them";
  let description = [{
    Where the target has an instruction for products of int8, a product of constant weights and of integers less a zero point takes the integers as they are: the weights' sums
    times the zero point come off afterwards. Integers get the sign that the instruction wants, and the zero point with them; padding is the zero point.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def WidenFactors : Pass<"widen-factors", "::mlir::func::FuncOp"> {
  let summary = "decide where half floats that are summed become float32";
  let description = [{
    What a reduction reads once it converts as it reads. What it reads again and again becomes a value of float32, which its producer stores where nothing else needs the halves;
    constants become float32 that are read more than a few times, or that the target has no cheap conversion for. Products of bfloat16 by constants stay as they are where the target has an instruction for them.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def CopyPadding : Pass<"copy-padding", "::mlir::func::FuncOp"> {
  let summary = "give convolutions a padded copy of their input where that pays";
  let description = [{
    A convolution's loops leave out the steps that read padding, or it reads a copy that holds the padding: by what the points at the
    edges of its rows cost, beside one pass over the input. Canonicalisation would take the copies away again.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def CopyPanels : Pass<"copy-panels", "::mlir::func::FuncOp"> {
  let summary = "give products a copy, in panels, of an operand with long rows";
  let description = [{
    A matrix product whose second operand is no constant reads a copy of it that lies as packed weights do, where its rows are long and many rows of the
    result read it. The product's loops stay as they are; it reads the copy by the quotient and the rest of a column's number.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def Winograd : Pass<"winograd", "::mlir::func::FuncOp"> {
  let summary = "convolutions of 3x3 with a quarter of the multiplications, where that pays";
  let description = [{
    Convolutions of 3x3 in float32, with steps of 1 and constant weights, become F(4x4, 3x3): transforms of tiles and a batch of matrix products. The weights are transformed here and take four times
    the memory. Sums are rounded more coarsely than a direct convolution's. Those of int8 take eight times the memory, and are exact. Does nothing where the module has the attribute `ingot.no_winograd`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def FormKernels : Pass<"form-kernels", "::mlir::func::FuncOp"> {
  let summary = "gather stages into ingot.kernel regions";
  let description = [{
    Every `linalg.generic`, concatenation and leftover view becomes a stage of a kernel. A contraction takes the elementwise operations
    after it with it (its epilogue), a chain of row-wise reductions and elementwise operations (softmax, layer norm) becomes one kernel of several
    stages, and views of operands (slices, padding, reshapes) move into the kernel that reads them.
  }];
  let dependentDialects = ["::ingot::IngotDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::scf::SCFDialect"];
}

#endif
