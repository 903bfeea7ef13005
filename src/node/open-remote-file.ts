import { OnebasinError } from "../core/errors.js";

/** A file on a server that has begun to arrive. Owns a connection. */
export interface RemoteFile {
  /** Place of the first byte that arrives: the one asked for, or 0 when the server sends the whole file again. */
  readonly start: number;
  /** Size of the whole file, when the server says. */
  readonly total: number | undefined;
  /** @throws `io` when the connection is cut or silent for too long, `aborted` */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT = 30_000;

/** Enough for a mirror that moved and a step from http to https; more is a loop. */
const MAX_REDIRECTS = 5;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;
/** Answers that may be other ones in a moment. */
const PASSING_REFUSALS = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Asks for the bytes of `url` from place `from` on.
 *
 * @throws {OnebasinError} `io` (with `details.final` when asking again cannot help), `aborted`
 */
export async function openRemoteFile(
  url: string,
  { from, timeout = DEFAULT_TIMEOUT, signal }: { from: number; timeout?: number; signal?: AbortSignal },
): Promise<RemoteFile> {
  const watchdog = createWatchdog(timeout, signal);
  try {
    const response = await follow(url, { from, signal: watchdog.signal });
    if (response.status === RANGE_NOT_SATISFIABLE && from > 0) {
      watchdog.stop();
      return await openRemoteFile(url, { from: 0, timeout, signal });
    }
    if (!response.ok || response.body === null) throw refused(url, response);
    const start = response.status === PARTIAL_CONTENT ? rangeStart(url, response, from) : 0;
    const length = response.headers.get("content-length");
    return {
      start,
      total: length === null ? undefined : start + Number(length),
      chunks: watched(url, response.body, watchdog),
      close: async () => watchdog.stop(),
    };
  } catch (error) {
    watchdog.stop();
    throw asError(url, error, watchdog);
  }
}

async function follow(url: string, { from, signal }: { from: number; signal: AbortSignal }): Promise<Response> {
  // Without packing on the way: the checksum is of the file as it lies on the server.
  const headers = { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  let address = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(address, { headers, signal, redirect: "manual" });
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null) return response;
    await response.body?.cancel();
    address = new URL(location, address).href;
  }
  throw new OnebasinError("io", `${url} redirects more than ${MAX_REDIRECTS} times.`, {
    details: { url, final: true },
  });
}

function refused(url: string, response: Response): OnebasinError {
  return new OnebasinError("io", `${url} answers ${response.status} ${response.statusText}`.trimEnd().concat("."), {
    details: { url, status: response.status, final: !PASSING_REFUSALS.has(response.status) },
  });
}

function rangeStart(url: string, response: Response, from: number): number {
  const range = response.headers.get("content-range") ?? "";
  const start = Number(/^bytes (\d+)-/.exec(range)?.[1]);
  if (start === from) return start;
  throw new OnebasinError("io", `${url} was asked for bytes from ${from} and sends "${range}".`, {
    details: { url, final: true },
  });
}

async function* watched(url: string, body: ReadableStream<Uint8Array>, watchdog: Watchdog): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      watchdog.feed();
      yield chunk;
      watchdog.feed();
    }
  } catch (error) {
    throw asError(url, error, watchdog);
  }
}

/** Stops a request when it is silent for too long or the caller asks. Owns a timer. */
interface Watchdog {
  readonly signal: AbortSignal;
  readonly timedOut: () => boolean;
  readonly aborted: () => boolean;
  readonly timeout: number;
  feed(): void;
  stop(): void;
}

function createWatchdog(timeout: number, outer: AbortSignal | undefined): Watchdog {
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeout);
  const abort = (): void => controller.abort();
  outer?.addEventListener("abort", abort, { once: true });
  if (outer?.aborted) abort();
  return {
    signal: controller.signal,
    timeout,
    timedOut: () => timedOut,
    aborted: () => outer?.aborted === true,
    feed: () => timer.refresh(),
    stop: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
      controller.abort();
    },
  };
}

function asError(url: string, error: unknown, watchdog: Watchdog): OnebasinError {
  if (watchdog.aborted()) return new OnebasinError("aborted", `Fetching ${url} was stopped.`, { cause: error });
  if (error instanceof OnebasinError) return error;
  const reason = watchdog.timedOut()
    ? `no answer for ${watchdog.timeout / 1000} seconds`
    : ((error as { cause?: Error }).cause?.message ?? (error as Error).message);
  return new OnebasinError("io", `${url} cannot be fetched: ${reason}.`, { details: { url }, cause: error });
}
