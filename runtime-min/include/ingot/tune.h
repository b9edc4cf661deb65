/*===- tune.h - what `ingot tune --runner` needs of a machine ---------------===
 *
 * The program that measures kernels takes the C++ library's clock and its
 * standard output. Where there is none, on a bare board, the compiler's command
 * says -ffreestanding and has a source or object with these three functions,
 * besides what any program needs there: the startup code that calls `main`, the
 * four memory functions. C99 and C++.
 *
 *===----------------------------------------------------------------------===*/
#ifndef INGOT_TUNE_H
#define INGOT_TUNE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a clock shows that runs on while the processor computes: cycles,
 * microseconds. It does not wrap around within the run. */
uint64_t ingot_ticks(void);
uint64_t ingot_ticks_per_second(void);

/* Sends text, of which the lines that the tuner reads consist, to where the
 * runner's command prints it. */
void ingot_print(const char *text);

#ifdef __cplusplus
}
#endif

#endif
