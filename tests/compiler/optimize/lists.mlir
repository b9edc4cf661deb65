// RUN: ingot-opt --infer-shapes --split-input-file %s | FileCheck %s --check-prefixes=CHECK,KNOWN
// RUN: ingot-opt --infer-shapes=by-data=true --split-input-file %s | FileCheck %s --check-prefixes=CHECK,DATA

// What is put into sequences is taken out of them, and a sequence that is returned becomes its elements.
// CHECK: ingot.lists = [{count = 2 : i64, first = 1 : i64, kind = "sequence", name = "s", side = "output"}]
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32> {ingot.name = "s[0]"}, tensor<2xf32> {ingot.name = "s[1]"}, tensor<i64>)
// CHECK: %[[N:.*]] = onnx.Constant{{.*}}dense<3> : tensor<i64>
// CHECK: return %[[Y]], %[[Y]], %[[X]], %[[N]]
func.func @main(%x: tensor<2xf32>, %y: tensor<3xf32>) -> (tensor<*xf32>, !onnx.Sequence<tensor<*xf32>> {ingot.name = "s"}, tensor<i64>) {
  %front = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %empty = "onnx.SequenceEmpty"() {dtype = 1 : i64} : () -> !onnx.Sequence<tensor<*xf32>>
  %0 = "onnx.SequenceInsert"(%empty, %x) : (!onnx.Sequence<tensor<*xf32>>, tensor<2xf32>) -> !onnx.Sequence<tensor<*xf32>>
  %1 = "onnx.SequenceInsert"(%0, %y, %front) : (!onnx.Sequence<tensor<*xf32>>, tensor<3xf32>, tensor<i64>) -> !onnx.Sequence<tensor<*xf32>>
  %2 = "onnx.SequenceAt"(%1, %front) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
  %3 = "onnx.SequenceInsert"(%1, %2) : (!onnx.Sequence<tensor<*xf32>>, tensor<*xf32>) -> !onnx.Sequence<tensor<*xf32>>
  %4 = "onnx.SequenceLength"(%3) : (!onnx.Sequence<tensor<*xf32>>) -> tensor<i64>
  return %2, %1, %4 : tensor<*xf32>, !onnx.Sequence<tensor<*xf32>>, tensor<i64>
}

// -----

// A loop that carries a sequence is copied, as often as it runs.
// CHECK-LABEL: func.func @main
// CHECK-NOT: onnx.Loop
// CHECK: return {{.*}} : tensor<1xi64>, tensor<1xi64>, tensor<1xi64>
func.func @main(%x: tensor<1xi64>) -> !onnx.Sequence<tensor<*xi64>> {
  %count = "onnx.Constant"() {value = dense<3> : tensor<i64>} : () -> tensor<i64>
  %true = "onnx.Constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %empty = "onnx.SequenceEmpty"() {dtype = 7 : i64} : () -> !onnx.Sequence<tensor<*xi64>>
  %0 = "onnx.Loop"(%count, %true, %empty) ({
  ^bb0(%i: tensor<*xi64>, %go: tensor<*xi1>, %s: !onnx.Sequence<tensor<*xi64>>):
    %1 = "onnx.Add"(%x, %i) : (tensor<1xi64>, tensor<*xi64>) -> tensor<*xi64>
    %2 = "onnx.SequenceInsert"(%s, %1) : (!onnx.Sequence<tensor<*xi64>>, tensor<*xi64>) -> !onnx.Sequence<tensor<*xi64>>
    %3 = "onnx.Identity"(%go) : (tensor<*xi1>) -> tensor<*xi1>
    "onnx.Return"(%3, %2) : (tensor<*xi1>, !onnx.Sequence<tensor<*xi64>>) -> ()
  }) : (tensor<i64>, tensor<i1>, !onnx.Sequence<tensor<*xi64>>) -> !onnx.Sequence<tensor<*xi64>>
  return %0 : !onnx.Sequence<tensor<*xi64>>
}

// -----

// A position from data selects among elements of one shape, once nothing else tells.
// CHECK-LABEL: func.func @main
// KNOWN: onnx.SequenceAt
// DATA: %[[ROWS:.*]] = onnx.Concat({{.*}} -> tensor<2x4xf32>
// DATA: %[[ROW:.*]] = onnx.Gather(%[[ROWS]]
// DATA: return %[[ROW]]
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %p: tensor<i64>) -> tensor<*xf32> {
  %0 = "onnx.SequenceConstruct"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
  %1 = "onnx.SequenceAt"(%0, %p) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// Branches that give as many elements choose among them.
// CHECK-LABEL: func.func @main
// CHECK: %[[R:.*]]:2 = onnx.If
// CHECK: return %[[R]]#0, %[[R]]#1 : tensor<4xf32>, tensor<4xf32>
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %c: tensor<i1>) -> !onnx.Sequence<tensor<*xf32>> {
  %0 = "onnx.If"(%c) ({
    %1 = "onnx.SequenceConstruct"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%1) : (!onnx.Sequence<tensor<*xf32>>) -> ()
  }, {
    %1 = "onnx.SequenceConstruct"(%y, %x) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%1) : (!onnx.Sequence<tensor<*xf32>>) -> ()
  }) : (tensor<i1>) -> !onnx.Sequence<tensor<*xf32>>
  return %0 : !onnx.Sequence<tensor<*xf32>>
}

// -----

// A loop for a number of iterations that data give carries the elements, where it keeps their number and shapes.
// CHECK-LABEL: func.func @main
// DATA: %[[L:.*]]:2 = onnx.Loop(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// DATA: return %[[L]]#0, %[[L]]#1 : tensor<4xf32>, tensor<4xf32>
func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>, %m: tensor<i64>) -> !onnx.Sequence<tensor<*xf32>> {
  %true = "onnx.Constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  %first = "onnx.Constant"() {value = dense<0> : tensor<i64>} : () -> tensor<i64>
  %s = "onnx.SequenceConstruct"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> !onnx.Sequence<tensor<*xf32>>
  %0 = "onnx.Loop"(%m, %true, %s) ({
  ^bb0(%i: tensor<*xi64>, %go: tensor<*xi1>, %c: !onnx.Sequence<tensor<*xf32>>):
    %1 = "onnx.SequenceAt"(%c, %first) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> tensor<*xf32>
    %2 = "onnx.SequenceErase"(%c, %first) : (!onnx.Sequence<tensor<*xf32>>, tensor<i64>) -> !onnx.Sequence<tensor<*xf32>>
    %3 = "onnx.SequenceInsert"(%2, %1) : (!onnx.Sequence<tensor<*xf32>>, tensor<*xf32>) -> !onnx.Sequence<tensor<*xf32>>
    "onnx.Return"(%go, %3) : (tensor<*xi1>, !onnx.Sequence<tensor<*xf32>>) -> ()
  }) : (tensor<i64>, tensor<i1>, !onnx.Sequence<tensor<*xf32>>) -> !onnx.Sequence<tensor<*xf32>>
  return %0 : !onnx.Sequence<tensor<*xf32>>
}
