#ifndef INGOT_CODEGEN_CPP_PASSES
#define INGOT_CODEGEN_CPP_PASSES

include "mlir/Pass/PassBase.td"

def EmitCppPass : Pass<"emit-cpp", "::mlir::ModuleOp"> {
  let summary = "write the planned module as C++";
  let description = [{
    Takes what plan-memory gives (docs/ir.md, plan) and writes the model's C++ sources and weights into a folder. The module itself
    stays as it is.
  }];
  let options = [
    Option<"dir", "dir", "std::string", /*default=*/"\".\"",
           "folder for the files; made if it is not there">,
    Option<"weights", "weights", "std::string", /*default=*/"\"auto\"",
           "where the weights go: auto, array, linked or external">,
  ];
}

#endif
