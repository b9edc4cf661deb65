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

// Half floats are converted by integers of their bits; a double is rounded to them once.

// CHECK-LABEL: func.func @kernel(
// CHECK: %[[C:.*]] = arith.bitcast %{{.*}} : vector<4xf16> to vector<4xi16>
// CHECK: %[[X:.*]] = call @decode_f16_i16x4(%[[C]]) : (vector<4xi16>) -> vector<4xf32>
// CHECK: %[[Y:.*]] = call @tanh_f32x4(%[[X]])
// CHECK: call @encode_bf16_f32x4(%[[Y]]) : (vector<4xf32>) -> vector<4xi16>
// CHECK: %[[O:.*]] = call @round_to_odd_f64(%{{.*}}) : (f64) -> f32
// CHECK: call @encode_f8e4m3fn_saturate_f32(%[[O]]) : (f32) -> i8
// CHECK: call @decode_f8e4m3fn_i8
// CHECK: arith.sitofp
// CHECK: call @powf_f32
// CHECK-LABEL: func.func private @tanh_f32x4
// CHECK-NOT: math.fma
module attributes {ingot.target = "x86-64-v1"} {
  func.func @kernel(%v: vector<4xf16>, %d: f64, %s: f32, %n: i32) -> (vector<4xbf16>, f32, f32) {
    %0 = arith.extf %v : vector<4xf16> to vector<4xf32>
    %1 = math.tanh %0 : vector<4xf32>
    %2 = arith.truncf %1 : vector<4xf32> to vector<4xbf16>
    %3 = ingot.encode %d as f8E4M3FN {saturate} : f64 -> i8
    %4 = ingot.decode %3 as f8E4M3FN : i8 -> f32
    %5 = math.fpowi %s, %n : f32, i32
    return %2, %4, %5 : vector<4xbf16>, f32, f32
  }
}

// -----

// CHECK-LABEL: func.func @kernel(
// CHECK: call @erf_f64(%{{.*}}) : (f64) -> f64
func.func @kernel(%s: f64) -> f64 {
  %0 = math.erf %s : f64
  return %0 : f64
}

// -----

// Canonicalisation turns casts by way of f32 into casts of halves. The target converts float16 by an instruction.

// CHECK-LABEL: func.func @kernel(
// CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : i8 to f32
// CHECK: ingot.encode %[[F]] as f16 : f32 -> i16
// CHECK: %[[D:.*]] = call @decode_bf16_i16
// CHECK: arith.fptosi %[[D]] : f32 to i32
func.func @kernel(%i: i8, %h: bf16) -> (f16, i32) {
  %0 = arith.sitofp %i : i8 to f16
  %1 = arith.fptosi %h : bf16 to i32
  return %0, %1 : f16, i32
}

// -----

func.func @kernel(%s: f16) -> f16 {
  // expected-error @below {{'math.erf' on 'f16' has no expansion; run widen-floats before}}
  %0 = math.erf %s : f16
  return %0 : f16
}
