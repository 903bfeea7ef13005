/**
 * Record sizes and signatures of zip files, including the 64-bit extensions.
 *
 * @source PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5
 */
export const LOCAL_HEADER = { signature: 0x04034b50, bytes: 30 } as const;
export const CENTRAL_HEADER = { signature: 0x02014b50, bytes: 46 } as const;
export const END_OF_DIRECTORY = { signature: 0x06054b50, bytes: 22 } as const;
export const ZIP64_END_OF_DIRECTORY = { signature: 0x06064b50, bytes: 56 } as const;
export const ZIP64_LOCATOR = { signature: 0x07064b50, bytes: 20 } as const;
export const ZIP64_EXTRA_ID = 0x0001;

/** Stands in a 32-bit or 16-bit field whose real value is in the 64-bit extension. */
export const IN_ZIP64 = 0xffffffff;
export const COUNT_IN_ZIP64 = 0xffff;

export const METHOD_STORED = 0;
export const METHOD_DEFLATED = 8;

export const FLAG_ENCRYPTED = 1 << 0;
/** Sizes and checksum follow the data; the local header holds zeros. */
export const FLAG_SIZES_AFTER_DATA = 1 << 3;
export const FLAG_UTF8 = 1 << 11;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
