import {
  ALU_ADD,
  ALU_AND,
  ALU_ARSH,
  ALU_DIV,
  ALU_LSH,
  ALU_MOD,
  ALU_MUL,
  ALU_OR,
  ALU_RSH,
  ALU_SDIV,
  ALU_SMOD,
  ALU_SUB,
  ALU_XOR,
} from '../../src/abi/verifier';

// Operations on constants, with the results that RFC 9669 (section 4.1) gives to division by zero and
// overflow. Written apart from the interpreter, which is to be checked against what the verifier proves.

function foldSigned<T, S>(op: u32, a: S, b: S): T {
  if (op == ALU_ARSH) return (a >> (b & ((sizeof<S>() * 8 - 1) as S))) as T;
  if (b == 0) return op == ALU_SDIV ? 0 : (a as T);
  if (b == -1) return op == ALU_SDIV ? ((0 - a) as T) : 0;
  return (op == ALU_SDIV ? a / b : a % b) as T;
}

/** T = u64, S = i64 or T = u32, S = i32. */
export function fold<T, S>(op: u32, a: T, b: T): T {
  const count = b & ((sizeof<T>() * 8 - 1) as T);
  switch (op) {
    case ALU_ADD:
      return a + b;
    case ALU_SUB:
      return a - b;
    case ALU_MUL:
      return a * b;
    case ALU_DIV:
      return b == 0 ? 0 : a / b;
    case ALU_MOD:
      return b == 0 ? a : a % b;
    case ALU_OR:
      return a | b;
    case ALU_AND:
      return a & b;
    case ALU_XOR:
      return a ^ b;
    case ALU_LSH:
      return a << count;
    case ALU_RSH:
      return a >> count;
    case ALU_SDIV:
    case ALU_SMOD:
    case ALU_ARSH:
      return foldSigned<T, S>(op, a as S, b as S);
    default:
      return b;
  }
}
