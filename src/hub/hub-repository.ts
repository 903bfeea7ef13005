import { type ByteSource, endOfSource, type SourceFolder } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";

/** A model on the Hugging Face Hub, or on a server that answers as it does. */
export interface HubRepository {
  /** How messages name it: `org/name@revision`. */
  readonly name: string;
  readonly files: readonly string[];
  readonly folder: SourceFolder;
}

export interface HubOptions {
  /** Where the Hub is; `https://huggingface.co` unless told. */
  readonly endpoint?: string;
  /** Of the user, for models that are not public. */
  readonly token?: string;
}

const ENDPOINT = "https://huggingface.co";
/** Granules are read one after the other: so much is fetched at once, and kept until the next place is asked for. */
const WINDOW_BYTES = 8 * 2 ** 20;
/** How often a request that failed in passing is made again. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
/** The list of a repository's files, beyond which it is not one of a model. */
const MAX_FILES = 10_000;

/** `org/name`, with a revision behind an `@` if so wished. */
const HUB_NAME = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;

export const isHubName = (text: string): boolean => HUB_NAME.test(text);

/**
 * Lists a model's files. Weights are then read by HTTP ranges, as far as they are asked for.
 *
 * @param text `org/name` or `org/name@revision`
 * @throws `missing-data` when there is no such model, or it takes a token; `io`
 */
export async function openHubRepository(text: string, options: HubOptions = {}): Promise<HubRepository> {
  const [, repository, revision = "main"] = HUB_NAME.exec(text) ?? [];
  if (repository === undefined) throw new OnebasinError("bad-argument", `"${text}" is no name of a model on the Hub.`);
  const endpoint = (options.endpoint ?? ENDPOINT).replace(/\/+$/, "");
  const headers: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const listing = `${endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const response = await request(listing, { headers });
  const body = (await response.json()) as { sha?: unknown; siblings?: { rfilename?: unknown }[] };
  const files = (body.siblings ?? [])
    .slice(0, MAX_FILES)
    .flatMap(({ rfilename }) => (typeof rfilename === "string" ? [rfilename] : []));
  // The commit, so that files fetched at different times belong together.
  const commit = typeof body.sha === "string" ? body.sha : revision;
  return {
    name: text,
    files,
    folder: {
      open: async (fileName) => {
        if (!files.includes(fileName)) {
          throw new OnebasinError("missing-data", `${text} on the Hub has no file ${fileName}.`);
        }
        const path = fileName.split("/").map(encodeURIComponent).join("/");
        const url = `${endpoint}/${repository}/resolve/${encodeURIComponent(commit)}/${path}`;
        return remoteSource(url, `${text}/${fileName}`, headers);
      },
    },
  };
}

async function remoteSource(url: string, name: string, headers: Record<string, string>): Promise<ByteSource> {
  const probe = await request(url, { headers: { ...headers, range: "bytes=0-0" } });
  const size = Number(/\/(\d+)$/.exec(probe.headers.get("content-range") ?? "")?.[1]);
  await probe.body?.cancel();
  if (!Number.isSafeInteger(size)) {
    throw new OnebasinError("io", `${url} does not say its size, so it cannot be read in parts.`);
  }
  let window: { start: number; bytes: Uint8Array } | undefined;
  const fetchRange = async (start: number, length: number): Promise<Uint8Array> => {
    const response = await request(url, { headers: { ...headers, range: `bytes=${start}-${start + length - 1}` } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.byteLength !== length) throw endOfSource(name, start + bytes.byteLength, start, length);
    return bytes;
  };
  return {
    name,
    size,
    read: async (offset, length) => {
      if (!(offset >= 0 && length >= 0 && offset + length <= size)) throw endOfSource(name, size, offset, length);
      if (length === 0) return new Uint8Array();
      if (length >= WINDOW_BYTES) return fetchRange(offset, length);
      const isHeld =
        window !== undefined && offset >= window.start && offset + length <= window.start + window.bytes.byteLength;
      if (!isHeld) window = { start: offset, bytes: await fetchRange(offset, Math.min(WINDOW_BYTES, size - offset)) };
      const { start, bytes } = window as { start: number; bytes: Uint8Array };
      return bytes.slice(offset - start, offset - start + length);
    },
    close: async () => {
      window = undefined;
    },
  };
}

async function request(url: string, init: { readonly headers: Record<string, string> }): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    let reason: string;
    try {
      const response = await fetch(url, init);
      if (response.ok) return response;
      await response.body?.cancel();
      if (!PASSING.has(response.status)) throw refused(url, response.status);
      reason = `answers ${response.status}`;
    } catch (error) {
      if (error instanceof OnebasinError) throw error;
      reason = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    }
    if (attempt === ATTEMPTS)
      throw new OnebasinError("io", `${url} cannot be fetched: ${reason}.`, { details: { url } });
    await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** attempt));
  }
}

function refused(url: string, status: number): OnebasinError {
  const isClosed = status === 401 || status === 403;
  return new OnebasinError("missing-data", `${url} answers ${status}.`, {
    hint: isClosed
      ? "The model does not exist or is not public: accept its terms on the Hub, and set HF_TOKEN."
      : "Look for a slip in the name or the revision.",
    details: { url, status },
  });
}
