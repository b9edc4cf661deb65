/* The four functions that a compiler may call in freestanding code. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  char *t = to;
  const char *f = from;
  while (size--)
    *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  char *t = to;
  const char *f = from;
  if ((uintptr_t)t <= (uintptr_t)f)
    while (size--)
      *t++ = *f++;
  else
    while (size--)
      t[size] = f[size];
  return to;
}

void *memset(void *to, int value, size_t size) {
  for (char *t = to; size--; ++t)
    *t = (char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *l = left, *r = right;
  for (; size--; ++l, ++r)
    if (*l != *r)
      return *l - *r;
  return 0;
}
