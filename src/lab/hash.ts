import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import type { HashedStage, Images, Stage } from "./stage.js";

/** What results depend on beside stages and their settings. */
export interface World {
  /** Version of onebasin. */
  readonly version: string;
  readonly network: string;
  /** Hash of a split of a dataset. */
  readonly images: (images: Images) => string;
}

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array | string): Promise<string> {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  const digest = await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Equal for networks that compute the same from the same state. */
export const hashNetwork = (network: Network): Promise<string> => {
  const state = JSON.stringify([...network.state]);
  return sha256(new Uint8Array([...new TextEncoder().encode(state), ...serializeOnnx(network)]));
};

/** Equal for sets that hold the same images and labels. */
export async function hashImages({ images, labels, channels, height, width, classes }: ImageSet): Promise<string> {
  const parts = [images, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)];
  const hashes = await Promise.all(parts.map(sha256));
  return sha256(JSON.stringify([channels, height, width, classes, ...hashes]));
}

/**
 * Gives every stage the hash of what it depends on: kind, settings, the hashes of its inputs, network, images.
 *
 * @param stages each after its inputs
 */
export async function hashStages(stages: readonly Stage[], world: World): Promise<HashedStage[]> {
  const hashes = new Map<string, string>();
  const hashed: HashedStage[] = [];
  for (const stage of stages) {
    const { kind, settings, inputs } = stage;
    const hash = await sha256(
      JSON.stringify([
        world.version,
        world.network,
        kind.id,
        kind.revision,
        settings,
        kind.reads(settings).map(world.images),
        Object.entries(inputs).map(([role, id]) => [role, hashes.get(id)]),
      ]),
    );
    hashes.set(stage.id, hash);
    hashed.push({ ...stage, hash });
  }
  return hashed;
}
