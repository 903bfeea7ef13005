import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OnebasinError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import { createDatasetCache } from "./dataset-cache.js";

const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 253));
const md5 = createHash("md5").update(FILE).digest("hex");
const request = {
  dataset: "digits",
  title: "Digits",
  groups: [{ mirror: "http://mirror.invalid/digits/", files: [{ name: "images.gz", md5 }] }],
} as const;

let folder: string;
let server: Server;
let mirror: string;
let requests: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** Sends the file, or the part that is asked for. */
const sendFile: typeof answer = (incoming, response) => {
  const from = Number(/bytes=(\d+)-/.exec(incoming.headers.range ?? "")?.[1] ?? 0);
  const headers = {
    "content-length": FILE.length - from,
    "content-range": `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
  };
  response.writeHead(from > 0 ? 206 : 200, headers).end(FILE.subarray(from));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-data-"));
  requests = [];
  answer = sendFile;
  server = createServer((incoming, response) => {
    requests.push(`${incoming.url} ${incoming.headers.range ?? ""}`.trim());
    answer(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function open(options = {}) {
  const { files } = await createDatasetCache({ folder, mirror, ...options }).openDatasetFiles(request);
  const bytes = await files[0].source.read(0, files[0].source.size);
  await files[0].source.close?.();
  return { check: files[0].check, bytes: Buffer.from(bytes) };
}
const failure = (options = {}): Promise<OnebasinError> =>
  open(options).then(
    () => Promise.reject(new Error("it was opened")),
    (error) => error,
  );
const inFolder = (): Promise<string[]> => readdir(join(folder, "digits"));

test("fetched once, then read from the folder", async () => {
  const events: ProgressEvent[] = [];
  const { check, bytes } = await open({ onProgress: (event: ProgressEvent) => events.push(event) });
  expect([check, bytes.equals(FILE)]).toEqual(["official", true]);
  expect(events[0]).toMatchObject({ done: 0, total: FILE.length, unit: "bytes" });
  expect(events[events.length - 1]).toMatchObject({ done: FILE.length, total: FILE.length });
  await open();
  expect(requests).toEqual(["/digits/images.gz"]);
  expect(await inFolder()).toEqual(["images.gz"]);
});

test("a cut connection goes on where it was cut", async () => {
  answer = (incoming, response) => {
    if (requests.length > 1) return sendFile(incoming, response);
    response.writeHead(200, { "content-length": FILE.length });
    response.write(FILE.subarray(0, 100_000), () => response.destroy());
  };
  expect((await open()).bytes.equals(FILE)).toBe(true);
  expect(requests[1]).toMatch(/^\/digits\/images\.gz bytes=[1-9]\d*-$/);
});

test("a run that was stopped is taken up by the next one", async () => {
  await mkdir(join(folder, "digits"));
  await writeFile(join(folder, "digits", "images.gz.part"), FILE.subarray(0, 1234));
  expect((await open()).bytes.equals(FILE)).toBe(true);
  expect(requests).toEqual(["/digits/images.gz bytes=1234-"]);
});

test("a server that does not know ranges sends everything again", async () => {
  await mkdir(join(folder, "digits"));
  await writeFile(join(folder, "digits", "images.gz.part"), FILE.subarray(0, 1234));
  answer = (_, response) => response.writeHead(200, { "content-length": FILE.length }).end(FILE);
  expect((await open()).bytes.equals(FILE)).toBe(true);
});

test.each([
  ["other bytes", Buffer.from("something else")],
  ["more bytes than there are", Buffer.concat([FILE, FILE])],
])("a part of %s is thrown away", async (_, part) => {
  await mkdir(join(folder, "digits"));
  await writeFile(join(folder, "digits", "images.gz.part"), part);
  answer = (incoming, response) => {
    const from = Number(/bytes=(\d+)-/.exec(incoming.headers.range ?? "")?.[1] ?? 0);
    if (from < FILE.length) return sendFile(incoming, response);
    response.writeHead(416).end();
  };
  expect((await open()).bytes.equals(FILE)).toBe(true);
});

test("wrong bytes are refused and not kept", async () => {
  answer = (_, response) => response.end("<html>not found, says the proxy</html>");
  const error = await failure();
  expect(error.code).toBe("bad-file");
  expect(error.message.replace(mirror, "MIRROR")).toBe(
    `MIRROR/digits/images.gz has the wrong checksum: MD5 ${createHash("md5").update("<html>not found, says the proxy</html>").digest("hex")}, expected ${md5}.`,
  );
  expect(await inFolder()).toEqual([]);
});

test.each<[string, typeof answer, RegExp]>([
  ["refuses", (_, response) => response.writeHead(404).end(), /images\.gz answers 404 Not Found\.$/],
  ["always cuts", (_, response) => response.destroy(), /images\.gz cannot be fetched: /],
  ["is silent", () => {}, /images\.gz cannot be fetched: no answer for 0\.1 seconds\.$/],
  [
    "redirects in a circle",
    (_, response) => response.writeHead(302, { location: "/x" }).end(),
    /redirects more than 5 times\.$/,
  ],
])("a server that %s: the error names file, folder and address", async (_, behaviour, reason) => {
  answer = behaviour;
  const error = await failure({ timeout: 100 });
  expect(error.code).toBe("missing-data");
  expect(error.message).toContain(`Digits is not in ${join(folder, "digits")}: looked for images.gz. `);
  expect(error.message).toMatch(reason);
  expect(error.hint).toBe(
    `Get http://mirror.invalid/digits/images.gz, and put it into ${join(folder, "digits")}, or set ONEBASIN_DATA to a folder that has "digits" in it.`,
  );
  expect(requests.length).toBeLessThan(10);
});

test("redirects are followed", async () => {
  answer = (incoming, response) => {
    if (incoming.url === "/moved") return sendFile(incoming, response);
    response.writeHead(301, { location: "/moved" }).end();
  };
  expect((await open()).bytes.equals(FILE)).toBe(true);
});

test("stopped on request, with the part kept for later", async () => {
  const controller = new AbortController();
  answer = (_, response) => {
    response.writeHead(200, { "content-length": FILE.length });
    response.write(FILE.subarray(0, 100_000));
  };
  const onProgress = ({ done }: ProgressEvent): void => {
    if (done > 0) controller.abort();
  };
  expect((await failure({ signal: controller.signal, onProgress })).code).toBe("aborted");
  expect(await inFolder()).toEqual(["images.gz.part"]);
  expect((await readFile(join(folder, "digits", "images.gz.part"))).length).toBeGreaterThan(0);
});

test("the mirror may stand in the environment", async () => {
  vi.stubEnv("ONEBASIN_MIRROR", `${mirror}/`);
  try {
    expect((await open({ mirror: undefined })).check).toBe("official");
  } finally {
    vi.unstubAllEnvs();
  }
  expect(requests).toEqual(["/digits/images.gz"]);
});

test("offline, nothing is asked for", async () => {
  expect((await failure({ offline: true })).message).toMatch(/looked for images\.gz\. The network is switched off\.$/);
  expect(requests).toEqual([]);
});

test("a local copy with another checksum is opened and marked; an unpacked one cannot be checked", async () => {
  await mkdir(join(folder, "digits"));
  await writeFile(join(folder, "digits", "images"), "unpacked");
  expect(await open()).toMatchObject({ check: "unknown", bytes: Buffer.from("unpacked") });
  await writeFile(join(folder, "digits", "images.gz"), "packed anew");
  expect(await open()).toMatchObject({ check: "other", bytes: Buffer.from("packed anew") });
  expect(requests).toEqual([]);
});
