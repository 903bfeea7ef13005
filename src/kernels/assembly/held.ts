const SCRATCH: usize = memory.data(4, 4);

// Four lanes of a constant. It goes by way of memory so that the compiler does not know it: V8 builds a known vector
// anew at each use, which costs more than the arithmetic, but keeps an unknown one in a register.
// @ts-ignore: decorator
@inline
export function held(bits: u32): v128 {
  store<u32>(SCRATCH, bits);
  return v128.load32_splat(SCRATCH);
}

// @ts-ignore: decorator
@inline
export function heldFloat(value: f32): v128 {
  return held(reinterpret<u32>(value));
}
