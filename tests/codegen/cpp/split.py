"""Prints a planned module of 120 kernel calls, half of them in a branch."""

print("""module attributes {ingot.model = "long_graph", ingot.target = "x86-64-v3"} {
func.func @main(%x: memref<4xf32> {ingot.name = "x", ingot.type = "float"}, %y: memref<4xf32> {ingot.output, ingot.name = "y", ingot.type = "float"},
    %arena: memref<128xi8> {ingot.arena}, %weights: memref<0xi8> {ingot.weights}) -> i32 {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %ok = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %a = memref.view %arena[%c0][] : memref<128xi8> to memref<4xf32>
  %b = memref.view %arena[%c64][] : memref<128xi8> to memref<4xf32>
  %first = memref.load %x[%c0] : memref<4xf32>
  %positive = arith.cmpf ogt, %first, %zero : f32
  func.call @step(%x, %a) : (memref<4xf32>, memref<4xf32>) -> ()""")
STEP = "func.call @step(%{}, %{}) : (memref<4xf32>, memref<4xf32>) -> ()"
for _ in range(30):
    print(" ", STEP.format("a", "b"))
    print(" ", STEP.format("b", "a"))
print("  scf.if %positive {")
for _ in range(30):
    print("   ", STEP.format("a", "b"))
    print("   ", STEP.format("b", "a"))
print("  }")
print(" ", STEP.format("a", "y"))
print("""  return %ok : i32
}
func.func private @step(%x: memref<4xf32> loc("x"), %y: memref<4xf32> loc("y")) attributes {ingot.kernel} {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %0 = memref.load %x[%c0] : memref<4xf32>
  %1 = arith.addf %0, %one : f32
  memref.store %1, %y[%c0] : memref<4xf32>
  return
}
}""")
