// RUN: not ingot-opt --lower-to-linalg --split-input-file %s 2>&1 | FileCheck %s

// CHECK: node 'u' (Unique): strings are not supported here
func.func @main(%x: tensor<2x!onnx.String>) -> tensor<2x!onnx.String> {
  %0:4 = "onnx.Unique"(%x) {sorted = 1 : i64} : (tensor<2x!onnx.String>) -> (tensor<2x!onnx.String>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) loc("u"("Unique"))
  return %0#0 : tensor<2x!onnx.String>
}

// -----

// CHECK: node 'm' (RegexFullMatch): its pattern looks ahead, which is not supported
func.func @main(%x: tensor<2x!onnx.String>) -> tensor<2xi1> {
  %0 = "onnx.RegexFullMatch"(%x) {pattern = "a(?=b)"} : (tensor<2x!onnx.String>) -> tensor<2xi1> loc("m"("RegexFullMatch"))
  return %0 : tensor<2xi1>
}

// -----

// CHECK: node 'm' (RegexFullMatch): its pattern needs an automaton that is too large
func.func @main(%x: tensor<2x!onnx.String>) -> tensor<2xi1> {
  %0 = "onnx.RegexFullMatch"(%x) {pattern = ".*a.{40}"} : (tensor<2x!onnx.String>) -> tensor<2xi1> loc("m"("RegexFullMatch"))
  return %0 : tensor<2xi1>
}

// -----

// CHECK: node 'm' (RegexFullMatch): its pattern has a '(' that is not closed
func.func @main(%x: tensor<2x!onnx.String>) -> tensor<2xi1> {
  %0 = "onnx.RegexFullMatch"(%x) {pattern = "a(b"} : (tensor<2x!onnx.String>) -> tensor<2xi1> loc("m"("RegexFullMatch"))
  return %0 : tensor<2xi1>
}

// -----

// CHECK: node 'c' (Cast): only integers become strings
func.func @main(%x: tensor<2xf32>) -> tensor<2x!onnx.String> {
  %0 = "onnx.Cast"(%x) {to = 8 : i64} : (tensor<2xf32>) -> tensor<2x!onnx.String> loc("c"("Cast"))
  return %0 : tensor<2x!onnx.String>
}
