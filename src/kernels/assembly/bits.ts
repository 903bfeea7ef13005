// Truths (0 or 1 an element) as bits, the first element in the lowest bit. Work on whole bytes: what lies behind the last
// element, up to a multiple of 16, is packed and unpacked as well.

export function packBits_f32(bits: usize, a: usize, n: i32): void {
  for (const end = bits + ((<usize>n + 7) >> 3); bits < end; bits++, a += 32) {
    const low = v128.bitmask<i32>(f32x4.ne(v128.load(a), f32x4.splat(0)));
    const high = v128.bitmask<i32>(f32x4.ne(v128.load(a, 16), f32x4.splat(0)));
    store<u8>(bits, low | (high << 4));
  }
}

export function packBits_f64(bits: usize, a: usize, n: i32): void {
  for (const end = bits + ((<usize>n + 7) >> 3); bits < end; bits++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++, a += 8) byte |= i32(load<f64>(a) != 0) << bit;
    store<u8>(bits, byte);
  }
}

export function unpackBits_f32(bits: usize, out: usize, n: i32): void {
  for (const end = bits + ((<usize>n + 7) >> 3); bits < end; bits++, out += 32) {
    const byte = i32x4.splat(load<u8>(bits));
    const low = i32x4.ne(v128.and(byte, i32x4(1, 2, 4, 8)), i32x4.splat(0));
    const high = i32x4.ne(v128.and(byte, i32x4(16, 32, 64, 128)), i32x4.splat(0));
    v128.store(out, v128.and(low, f32x4.splat(1)));
    v128.store(out, v128.and(high, f32x4.splat(1)), 16);
  }
}

export function unpackBits_f64(bits: usize, out: usize, n: i32): void {
  for (const end = bits + ((<usize>n + 7) >> 3); bits < end; bits++) {
    const byte = <i32>load<u8>(bits);
    for (let bit = 0; bit < 8; bit++, out += 8) store<f64>(out, <f64>((byte >> bit) & 1));
  }
}
