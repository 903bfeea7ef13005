// |x| as the bits of an f32, which order like the numbers.
// @ts-ignore: decorator
@inline
export function magnitude<T>(at: usize): u32 {
  return reinterpret<u32>(<f32>load<T>(at)) & 0x7fffffff;
}
