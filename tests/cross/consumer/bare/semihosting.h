/* Calls of the debugger's (here QEMU's) host: Arm's semihosting, of which two calls are enough. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline int semihosting_call(int operation, const void *argument) {
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/* SYS_WRITE0: a string that ends in 0, to the host's console */
static inline void semihosting_print(const char *text) {
  semihosting_call(0x04, text);
}

/* SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit */
__attribute__((noreturn)) static inline void semihosting_exit(int code) {
  const uint32_t block[2] = {0x20026, (uint32_t)code};
  semihosting_call(0x20, block);
  __builtin_unreachable();
}

/* Greatest number of bytes that the stack has taken since reset. */
unsigned stack_used(void);

#ifdef __cplusplus
}
#endif

#endif
