import type { ByteSource } from "../../checkpoint/byte-source.js";
import type { JobIO } from "./job.js";

/** Reads for jobs through byte sources. */
export function sourceIO(sources: readonly ByteSource[]): Pick<JobIO, "readInto"> {
  return {
    readInto: async (source, offset, target) => {
      target.set(await sources[source].read(offset, target.byteLength));
    },
  };
}
