/*===- model.h - the C descriptor of a compiled model -----------------------===
 *
 * Every compiled model NAME exports `const struct ingot_model NAME_model`, by
 * which a host that does not know the model's C++ header can drive it: a
 * command line, a test, another language. C99 and C++.
 *
 *===----------------------------------------------------------------------===*/
#ifndef INGOT_MODEL_H
#define INGOT_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a field changes its meaning; fields are only added at the
 * end, which struct_size shows. */
#define INGOT_ABI_VERSION 1u

/* Element types, numbered as in onnx.TensorProto.DataType. A bool takes a byte,
 * 0 or 1. Elements of four and two bits take a byte each: the value in its low
 * bits, the others copies of the sign of signed integers, else 0. Floats that C
 * has no type for are their bits, in an unsigned integer. */
enum ingot_element {
  INGOT_FLOAT = 1,
  INGOT_UINT8 = 2,
  INGOT_INT8 = 3,
  INGOT_UINT16 = 4,
  INGOT_INT16 = 5,
  INGOT_INT32 = 6,
  INGOT_INT64 = 7,
  INGOT_STRING = 8, /* struct ingot_string */
  INGOT_BOOL = 9,
  INGOT_FLOAT16 = 10,
  INGOT_DOUBLE = 11,
  INGOT_UINT32 = 12,
  INGOT_UINT64 = 13,
  INGOT_BFLOAT16 = 16,
  INGOT_FLOAT8E4M3FN = 17,
  INGOT_FLOAT8E4M3FNUZ = 18,
  INGOT_FLOAT8E5M2 = 19,
  INGOT_FLOAT8E5M2FNUZ = 20,
  INGOT_UINT4 = 21,
  INGOT_INT4 = 22,
  INGOT_FLOAT4E2M1 = 23,
  INGOT_FLOAT8E8M0 = 24,
  INGOT_UINT2 = 25,
  INGOT_INT2 = 26
};

/* An element of a tensor of strings: bytes that lie elsewhere, mostly UTF-8, not
 * terminated. `data` may be null where size is 0. Those of inputs must stay as
 * they are during the call; those of outputs lie in the inputs, the weights or
 * the arena, and are there until the next call with that arena. 16 bytes on all
 * machines. */
struct ingot_string {
  const char *data;
#if UINTPTR_MAX <= 0xffffffffu
  uint32_t unused;
#endif
  int64_t size;
};

/* An input or output of the graph, or an element of one that is a sequence: a
 * dense, row-major tensor. */
struct ingot_value {
  const char *name;     /* as in the ONNX file, UTF-8 */
  int32_t element;      /* enum ingot_element */
  int32_t rank;
  const int64_t *shape; /* `rank` sizes; null where rank is 0. -1 - k: of an input, the
                           model's size number k; of an output, see output_shape. The
                           greatest sizes, where data give those of an output: see run_shaped */
  int64_t count;        /* elements, the product of the shape; -1 where a call chooses */
  size_t bytes;         /* of all elements; of one where a call chooses */
  int32_t state;        /* of an output: the number of the input whose next value
                           it is; else -1 */
};

enum ingot_list_kind {
  INGOT_SEQUENCE = 0, /* its tensors are NAME[0], NAME[1], ... */
  INGOT_OPTIONAL = 1, /* one tensor, NAME */
  INGOT_ABSENT = 2    /* an optional that holds nothing: no tensor */
};

/* A sequence or an optional of the graph: tensors that follow each other in the
 * inputs or outputs. How many there are was decided when it was compiled. */
struct ingot_list {
  const char *name; /* as in the ONNX file, UTF-8 */
  int32_t kind;     /* enum ingot_list_kind */
  int32_t output;   /* 1: of the outputs; 0: of the inputs */
  int32_t first;    /* the number of its first tensor; of a list without tensors,
                       of the tensor that comes next in the graph's order */
  int32_t count;
};

/* Threads that the host lends to a call. A compiled model makes none itself. */
struct ingot_threads {
  int32_t count; /* parts that can run at once, the caller's included */
  /* Calls task(data, part, parts) once for each part below `parts`, on any threads and in any order, and returns when all
   * have returned. `parts` is at most `count`. */
  void (*run)(const struct ingot_threads *self, void (*task)(void *data, int32_t part, int32_t parts), void *data, int32_t parts);
  void *host; /* for `run` */
};

struct ingot_model {
  uint32_t abi_version; /* INGOT_ABI_VERSION */
  uint32_t struct_size; /* sizeof(struct ingot_model) when it was compiled */
  const char *name;
  const char *target;
  size_t arena_bytes;      /* of the caller's memory, aligned to arena_alignment */
  size_t arena_alignment;
  size_t weight_bytes;
  const void *weights;     /* null: the caller passes the content of NAME.weights,
                              aligned to 64 */
  int32_t input_count;
  int32_t output_count;
  const struct ingot_value *inputs;  /* all of the graph's, states too */
  const struct ingot_value *outputs;
  /* Runs the model once. Arrays of one pointer a value, in the order above; no
   * output overlaps an input. Returns an ingot::Status: 0 is success. No state
   * is kept, any number of threads may call it, each with an arena of its own.
   * `weights` null: the linked ones. */
  int32_t (*run)(const void *const *inputs, void *const *outputs, void *arena,
                 const void *weights);
  /* Sizes that a call chooses, each at least 1. Where there are some, `run` is null and `run_sized` takes
   * its place; where there are none, so are the fields from here on. */
  int32_t size_count;
  const char *const *size_names; /* as in the ONNX file, UTF-8 */
  /* The arena for these sizes, instead of arena_bytes; 0 where they are less than 1 or no memory can hold them. */
  size_t (*arena_bytes_for)(const int64_t *sizes);
  /* The shape of an output with these sizes, into `rank` numbers. */
  void (*output_shape)(const int64_t *sizes, int32_t output, int64_t *shape);
  int32_t (*run_sized)(const void *const *inputs, void *const *outputs,
                       const int64_t *sizes, void *arena, const void *weights);
  /* Sequences and optionals, the inputs' first, in the graph's order; null where
   * there are none. */
  int32_t list_count;
  const struct ingot_list *lists;
  /* Where data give sizes of outputs, it takes the place of `run` and `run_sized`, which are null; else it is null. The shapes
   * in the tables and from output_shape are the greatest that there can be, and outputs have memory for these. What the shapes
   * are is written to `shapes`: one pointer an output, to `rank` numbers, or null where no size of the output is from data. The
   * elements stand at the front of the output's memory. `sizes`: as in run_sized; null where size_count is 0. */
  int32_t (*run_shaped)(const void *const *inputs, void *const *outputs,
                        const int64_t *sizes, int64_t *const *shapes, void *arena,
                        const void *weights);
  /* The same as the one of the three that is not null, with threads to share the work among, or null; null where the model was
   * compiled for one thread. `sizes` and `shapes` are null where the other function does not have them. */
  int32_t (*run_threaded)(const void *const *inputs, void *const *outputs,
                          const int64_t *sizes, int64_t *const *shapes, void *arena,
                          const void *weights, const struct ingot_threads *threads);
  /* Where the model has code for several instruction sets, the target whose code it takes on this processor; null where `target`
   * is that. */
  const char *(*level)(void);
};

#ifdef __cplusplus
}
#endif

#endif
