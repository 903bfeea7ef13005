// CRC-32 as zip files use it (reflected polynomial 0xedb88320), sixteen bytes a step with sixteen tables.

const TABLES: usize = memory.data(16 * 256 * 4, 16);

function fillTables(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
    store<u32>(TABLES + (byte << 2), crc);
  }
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = load<u32>(TABLES + (byte << 2));
    for (let table: u32 = 1; table < 16; table++) {
      crc = (crc >> 8) ^ load<u32>(TABLES + ((crc & 0xff) << 2));
      store<u32>(TABLES + (((table << 8) + byte) << 2), crc);
    }
  }
}

fillTables();

// @ts-ignore: decorator
@inline
function entry(table: u32, byte: u32): u32 {
  return load<u32>(TABLES + (((table << 8) + (byte & 0xff)) << 2));
}

// @ts-ignore: decorator
@inline
function word(table: u32, x: u32): u32 {
  return entry(table + 3, x) ^ entry(table + 2, x >> 8) ^ entry(table + 1, x >> 16) ^ entry(table, x >> 24);
}

/** Continues the checksum `crc` (0 to begin with) over `n` bytes. */
export function crc32(crc: u32, at: usize, n: i32): u32 {
  crc = ~crc;
  const end = at + <usize>n;
  while (at + 16 <= end) {
    crc = word(12, load<u32>(at) ^ crc) ^ word(8, load<u32>(at, 4)) ^ word(4, load<u32>(at, 8)) ^ word(0, load<u32>(at, 12));
    at += 16;
  }
  while (at < end) {
    crc = (crc >> 8) ^ entry(0, crc ^ load<u8>(at));
    at++;
  }
  return ~crc;
}
