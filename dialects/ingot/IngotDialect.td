#ifndef INGOT_DIALECT
#define INGOT_DIALECT

include "mlir/IR/OpBase.td"

def Ingot_Dialect : Dialect {
  let name = "ingot";
  let cppNamespace = "::ingot";
  let summary = "kernels and their calls";
  let description = [{
    What no upstream dialect has: a fused region that becomes one function, and a call of such a function on tensors. Attributes of other
    operations that start with `ingot.` are listed in docs/ir.md.
  }];
}

class Ingot_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ingot_Dialect, mnemonic, traits>;

#endif
