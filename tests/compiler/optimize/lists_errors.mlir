// RUN: ingot-opt --infer-shapes=by-data=true --split-input-file --verify-diagnostics %s

func.func @main(%x: tensor<4xf32>, %y: tensor<3xf32>, %p: tensor<i64>) -> tensor<*xf32> {
  %0 = "onnx.SequenceConstruct"(%x, %y) : (tensor<4xf32>, tensor<3xf32>) -> !onnx.Sequence<tensor<*xf32>>
  // expected-error @+1 {{data give its position, and the elements have different shapes; fix it in the model, or say with --shape OUTPUT=... what the output is to be}}
  %1 = "onnx.SequenceAt"(%0, %p) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<*xf32> {
  %p = "onnx.Constant"() {value = dense<-2> : tensor<i64>} : () -> tensor<i64>
  %0 = "onnx.SequenceConstruct"(%x) : (tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
  // expected-error @+1 {{its position -2 is outside of [-1, 0]; correct the model}}
  %1 = "onnx.SequenceAt"(%0, %p) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>> {
  %p = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  // expected-error @+1 {{it splits 4 into pieces of 0, which is not possible or gives more than 4096; correct the model}}
  %0 = "onnx.SplitToSequence"(%x, %p) : (tensor<4xf32>, tensor<i64>) -> !onnx.Sequence<tensor<*xf32>>
  return %0 : !onnx.Sequence<tensor<*xf32>>
}

// -----

func.func @main(%c: tensor<i1>, %x: tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>> {
  // expected-error @+1 {{data decide how many elements a result has; fix it in the model, or say with --shape OUTPUT=... what the output is to be}}
  %0 = "onnx.If"(%c) ({
    %1 = "onnx.SequenceConstruct"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%1) : (!onnx.Sequence<tensor<*xf32>>) -> ()
  }, {
    %1 = "onnx.SequenceConstruct"(%x) : (tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%1) : (!onnx.Sequence<tensor<*xf32>>) -> ()
  }) : (tensor<i1>) -> !onnx.Sequence<tensor<*xf32>>
  return %0 : !onnx.Sequence<tensor<*xf32>>
}

// -----

func.func @main(%m: tensor<i64>, %x: tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>> {
  %true = "onnx.Constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %empty = "onnx.SequenceEmpty"() {dtype = 1 : i64} : () -> !onnx.Sequence<tensor<*xf32>>
  // expected-error @+1 {{it carries a sequence whose length changes, for a number of iterations that data give; fix it in the model, or say with --shape}}
  %0 = "onnx.Loop"(%m, %true, %empty) ({
  ^bb0(%i: tensor<*xi64>, %go: tensor<*xi1>, %s: !onnx.Sequence<tensor<*xf32>>):
    %2 = "onnx.SequenceInsert"(%s, %x) : (!onnx.Sequence<tensor<*xf32>>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%go, %2) : (tensor<*xi1>, !onnx.Sequence<tensor<*xf32>>) -> ()
  }) : (tensor<i64>, tensor<i1>, !onnx.Sequence<tensor<*xf32>>) -> !onnx.Sequence<tensor<*xf32>>
  return %0 : !onnx.Sequence<tensor<*xf32>>
}
