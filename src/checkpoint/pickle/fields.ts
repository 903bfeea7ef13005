import { type Machine, pickleError, takeBytes, takeField, takeLine } from "./machine.js";

export const u8 = (machine: Machine): number => machine.view.getUint8(takeField(machine, 1));
export const u16 = (machine: Machine): number => machine.view.getUint16(takeField(machine, 2), true);
export const i32 = (machine: Machine): number => machine.view.getInt32(takeField(machine, 4), true);
export const u32 = (machine: Machine): number => machine.view.getUint32(takeField(machine, 4), true);
/** Inexact beyond 2⁵³, which is past the end of any file. */
export const u64 = (machine: Machine): number => Number(machine.view.getBigUint64(takeField(machine, 8), true));

const lenientUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of protocols 2 and later. */
export function takeText(machine: Machine, length: number): string {
  const raw = takeBytes(machine, length);
  try {
    return strictUtf8.decode(raw);
  } catch {
    throw pickleError(machine, "holds text that is not UTF-8");
  }
}

/** Text of Python 2, whose bytes may be anything; as PyTorch reads it. */
export function takeOldText(machine: Machine, length: number): string {
  return lenientUtf8.decode(takeBytes(machine, length));
}

/** A number on a line of its own, as protocol 0 numbers its memo. */
export function lineNumber(machine: Machine): number {
  const line = takeLine(machine);
  if (!/^\d{1,15}$/.test(line)) throw pickleError(machine, "has a malformed number");
  return Number(line);
}
