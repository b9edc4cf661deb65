#ifndef INGOT_OPS
#define INGOT_OPS

include "dialects/ingot/IngotDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Ingot_KernelOp : Ingot_Op<"kernel", [
    IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock]> {
  let summary = "a fused region of tensor operations that becomes one function";
  let description = [{
    The block arguments are the operands: tensors in full, or scalars of type index. The block holds views of its arguments
    and stages (`linalg.generic`) in order, and ends in `ingot.yield`. The name is a hint; equal kernels become one function.
    A kernel with a check (`cf.assert`) stays, whether its results are used or not.
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs,
                       OptionalAttr<DictionaryAttr>:$schedule);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name ` ` `(` $inputs `)` `:` functional-type($inputs, $results)
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Ingot_YieldOp : Ingot_Op<"yield", [Pure, Terminator, ReturnLike,
                                       HasParent<"KernelOp">]> {
  let summary = "results of a kernel";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Ingot_LaunchOp : Ingot_Op<"launch", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "call of a kernel's function, on tensors";
  let description = [{
    The callee is in destination-passing style: it takes the operands' buffers, then the results' buffers, then scratch memory and the
    status word if it has the attributes `ingot.scratch` and `ingot.checked`. plan-memory gives them addresses.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)
  }];
}

#endif
