/* What linked-main.bpf.c and linked-parts.bpf.c share. */
#pragma once

#include "bpf.h"

struct point {
  int x;
  int y;
};

int scaled(int value, const struct point *at);
extern int calls;
