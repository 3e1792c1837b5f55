/* A state machine that counts words, numbers and strings of text. */
#include "program.h"

enum state { BETWEEN, WORD, NUMBER, STRING, ESCAPE };

INLINE int is_letter(u8 c) { return (u8)((c | 32) - 'a') < 26 || c == '_'; }
INLINE int is_digit(u8 c) { return (u8)(c - '0') < 10; }

PROGRAM(tokenise, 1024) {
  enum state state = BETWEEN;
  u64 words = 0, numbers = 0, strings = 0;
  ROLLED for (u64 i = 0; i < len; i++) {
    u8 c = 32 + mem[i] % 96;
    if (state == STRING) {
      if (c == '\\') state = ESCAPE;
      else if (c == '"') state = BETWEEN;
    } else if (state == ESCAPE) {
      state = STRING;
    } else if (c == '"') {
      state = STRING, strings++;
    } else if (is_letter(c)) {
      if (state != WORD) state = WORD, words++;
    } else if (is_digit(c)) {
      if (state == BETWEEN) state = NUMBER, numbers++;
    } else {
      state = BETWEEN;
    }
  }
  return words << 40 | numbers << 20 | strings;
}
