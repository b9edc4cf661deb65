//===- Passes.td - passes over the onnx dialect ---------------------------===//
include "mlir/Pass/PassBase.td"

def InferShapes : Pass<"infer-shapes", "mlir::ModuleOp"> {
  let summary = "refine the types of all values by the specification's inference functions";
  let description = [{
    One walk in order. What depends on shapes alone is computed on the way (`Shape`, and arithmetic on small constants), and an `If` whose condition became constant is
    replaced by the branch taken, so that one walk reaches what the shapes of the inputs determine. A loop's values keep their shapes if its body does.
    Operators on sequences and optionals become operators on their elements, as far as lengths are known.
  }];
  let options = [Option<"byData", "by-data", "bool", /*default=*/"false",
                        "also resolve sequences of which data decide something, by selection and by what is promised of @main's results">];
}

def HoldPromises : Pass<"hold-promises", "mlir::ModuleOp"> {
  let summary = "take the declared shapes of outputs where inference finds less";
  let description = [{
    `ingot.promises` of @main has the shapes that the model declares for its results. Where a shape depends on data, the declared one becomes the type of the operation that
    makes the value, if that checks it at run time; the way there leads back through operations that keep shapes.
  }];
  let options = [ListOption<"checked", "checked", "std::string",
                            "operators that check the shapes of their results at run time, such as onnx.Reshape">];
}

def Simplify : Pass<"simplify", "mlir::ModuleOp"> {
  let summary = "remove, merge and normalise operations";
  let description = [{
    Operations without effect go away; changes of shape that move no data become `Reshape`; batch normalisation and constants per channel go into the weights of a
    convolution, computed in double. A division by a constant stays one unless its reciprocal is exact.
  }];
}

def FoldConstants : Pass<"fold-constants", "mlir::ModuleOp"> {
  let summary = "compute what depends on constants alone";
  let description = [{
    Collects the operations whose operands are all constant into one module, has it evaluated, and puts the values in their place. What would make the model larger by more than `max-growth` bytes stays. Without
    an evaluator (as in ingot-opt) nothing is done.
  }];
  let options = [Option<"maxGrowth", "max-growth", "int64_t", /*default=*/"65536",
                        "bytes that a result may be larger than its operands">];
}

def CheckStatic : Pass<"check-static", "mlir::ModuleOp"> {
  let summary = "fail where a size is unknown, naming the input that needs --shape";
}

def ExpandFunctions : Pass<"expand-functions", "mlir::ModuleOp"> {
  let summary = "replace operators that the specification defines as functions by their bodies";
  let options = [ListOption<"keep", "keep", "std::string",
                            "operators with a lowering of their own, such as onnx.Softmax">];
}
