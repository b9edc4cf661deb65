// RUN: ingot-opt %s --expand-math --split-input-file --verify-diagnostics | FileCheck %s

// One function for each operation and type; fused multiply-add where the target has it.

// CHECK-LABEL: func.func @kernel(
// CHECK: %[[A:.*]] = call @exp_f32x8(%{{.*}}) : (vector<8xf32>) -> vector<8xf32>
// CHECK: %[[B:.*]] = call @exp_f32x8(%[[A]])
// CHECK: call @exp_f32(%{{.*}}) : (f32) -> f32
// CHECK: %[[R:.*]] = math.sqrt
// CHECK: arith.divf %{{.*}}, %[[R]]
// CHECK: arith.cmpf uno
// CHECK-LABEL: func.func private @exp_f32x8(%{{.*}}: vector<8xf32>) -> vector<8xf32>
// CHECK-SAME: ingot.math
// CHECK: math.fma
// CHECK-LABEL: func.func private @exp_f32(
module attributes {ingot.target = "x86-64-v3"} {
  func.func @kernel(%v: vector<8xf32>, %s: f32) -> (vector<8xf32>, f32, f32, i1) {
    %0 = math.exp %v : vector<8xf32>
    %1 = math.exp %0 : vector<8xf32>
    %2 = math.exp %s : f32
    %3 = math.rsqrt %s : f32
    %4 = math.isnan %s : f32
    return %1, %2, %3, %4 : vector<8xf32>, f32, f32, i1
  }
}

// -----

// CHECK-LABEL: func.func @kernel(
// CHECK: arith.extf %{{.*}} : vector<4xf16> to vector<4xf32>
// CHECK: call @tanh_f32x4
// CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xf16>
// CHECK: arith.sitofp
// CHECK: call @powf_f32
// CHECK-LABEL: func.func private @tanh_f32x4
// CHECK-NOT: math.fma
module attributes {ingot.target = "x86-64-v1"} {
  func.func @kernel(%v: vector<4xf16>, %s: f32, %n: i32) -> (vector<4xf16>, f32) {
    %0 = math.tanh %v : vector<4xf16>
    %1 = math.fpowi %s, %n : f32, i32
    return %0, %1 : vector<4xf16>, f32
  }
}

// -----

func.func @kernel(%s: f64) -> f64 {
  // expected-error @below {{'math.erf' on 'f64' has no expansion; use float32}}
  %0 = math.erf %s : f64
  return %0 : f64
}
