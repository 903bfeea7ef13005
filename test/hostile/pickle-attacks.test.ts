import { expect, test } from "vitest";
import { bytesSource } from "../../src/checkpoint/byte-source.js";
import { openCheckpoint } from "../../src/checkpoint/open-checkpoint.js";
import { binary, pickle, pickled, torchZip } from "../support/torch-files.js";

const open = (bytes: Uint8Array) => openCheckpoint(bytesSource("evil.pth", bytes));

/** Ways to make Python's unpickler run something. */
const ATTACKS: Record<string, [string, string]> = {
  REDUCE: ["cos\nsystem\n(S'id'\ntR.", "os.system"],
  INST: ["(S'id'\nios\nsystem\n.", "os.system"],
  OBJ: ["(cos\nsystem\nS'id'\no.", "os.system"],
  NEWOBJ: ["\x80\x02cos\nsystem\n(S'id'\nt\x81.", "os.system"],
  NEWOBJ_EX: ["\x80\x04cos\nsystem\n(S'id'\nt}\x92.", "os.system"],
  STACK_GLOBAL: ["\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.", "os.system"],
  "BUILD with __setstate__": ["\x80\x02cm\nC\n)\x81}U\x0c__setstate__cos\nsystem\nsbU\x02idb.", "os.system"],
  "a path of attributes": ["\x80\x04\x8c\x05torch\x8c\x09os.system\x93)R.", "torch.os.system"],
  "a dunder in a path": ["\x80\x04\x8c\x05torch\x8c\x11nn.__builtins__.x\x93)R.", "torch.nn.__builtins__.x"],
  "the name from the memo": ["\x80\x02U\x02osq\x00U\x06systemq\x010h\x00h\x01\x93)R.", "os.system"],
  "the platform's module": ["cposix\nsystem\n(S'id'\ntR.", "posix.system"],
  eval: ["cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"],
  "eval of Python 2": ["c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"],
  getattr: ["cbuiltins\ngetattr\n(S'1'\nS'x'\ntR.", "builtins.getattr"],
  import: ["cimportlib\nimport_module\n(S'os'\ntR.", "importlib.import_module"],
  subprocess: ["csubprocess\nPopen\n(S'id'\ntR.", "subprocess.Popen"],
  "a module inside the package": ["csubprocess.x.y\nz\n.", "subprocess.x.y.z"],
  "torch's own shell": ["ctorch.utils.collect_env\nrun\n(S'id'\ntR.", "torch.utils.collect_env.run"],
  "a pickle in a pickle": ["ctorch.storage\n_load_from_bytes\n(S'x'\ntR.", "torch.storage._load_from_bytes"],
  "a function nobody knows": ["cmy.model\nbuild\n)R.", "my.model.build"],
  "a class nobody knows, called": ["(imy.model\nNet\n.", "my.model.Net"],
  "a name with an escape sequence": ["cos\n\x1b[31msystem\n)R.", '"os.\\u001b[31msystem"'],
};

test.each(Object.entries(ATTACKS))("%s is refused by name, in every layout of a file", async (_, [attack, name]) => {
  const message = `evil.pth asks to run ${name}. Nothing was run.`;
  const inDict = `\x80\x02}U\x05model}U\x01x${attack.replace(/^\x80./s, "").slice(0, -1)}ss.`;
  for (const bytes of [binary(attack), torchZip(attack), torchZip(inDict)]) {
    await expect(open(bytes)).rejects.toMatchObject({ code: "unsafe-file", message });
  }
});

test("calling what was built, a list or a storage, is not pickle", async () => {
  for (const body of ["])R", "U\x01x)R", "}(U\x01xU\x01yu)R", "U\x01xQ)R", "N)\x81", "]}b", "N}b"]) {
    await expect(open(torchZip(pickle(body)))).rejects.toMatchObject({ code: "bad-file" });
  }
});

test("an instance of an unknown class is only data", async () => {
  const tensor = pickled.tensor({ elements: 1, shape: [1], strides: [1] });
  const body = `cmy.code\nTrainer\n)\x81${pickled.dict([["net", pickled.dict([["w", tensor]])]])}b`;
  const { entries } = await open(torchZip(pickle(body), { 0: new Uint8Array(4) }));
  expect([...entries.keys()]).toEqual(["w"]);
});

test.each([
  ["nothing", ""],
  ["a stack underflow", "0"],
  ["a mark never set", "t"],
  ["a memo never filled", "h\x05"],
  ["protocol 9", "\x80\x09N"],
  ["an unknown opcode", "\xff"],
  ["an extension", "\x82\x01"],
  ["a buffer from outside", "\x97"],
  ["text longer than the file", "X\xff\xff\xff\x7f"],
  ["bytes of a negative length", "T\xff\xff\xff\xff"],
  ["a 64-bit length", "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"],
  ["an integer of two gigabytes", "\x8b\xff\xff\xff\x7f"],
  ["an integer that is not one", "I1e5\n"],
  ["a number of many digits", `L${"9".repeat(5000)}L\n`],
  ["a float that is not one", "Fabc\n"],
  ["a string without its end", "S'abc\n"],
  ["text that is not UTF-8", "X\x02\x00\x00\x00\xff\xfe"],
  ["an odd number of items", "}(U\x01xu"],
  ["items of a tuple", ")(U\x01xNu"],
  ["appending to a dict", "}Na"],
  ["arguments that are not a tuple", "ccollections\nOrderedDict\n]R"],
  ["a dict of something else than pairs", "ccollections\nOrderedDict\n](K\x01K\x02e\x85R"],
])("%s in a pickle is refused", async (_, body) => {
  await expect(open(torchZip(`${body}.`))).rejects.toMatchObject({ name: "OnebasinError" });
});

test("shared lists that would unfold to 2^60 values take no time", async () => {
  const levels = Array.from(
    { length: 60 },
    (_, i) => `q${String.fromCharCode(i)}0](h${String.fromCharCode(i)}h${String.fromCharCode(i)}e`,
  );
  await expect(open(torchZip(pickle(`]${levels.join("")}`)))).rejects.toThrow(/holds no state dict/);
});

test("containers that contain themselves are no trap", async () => {
  for (const body of ["]q\x00h\x00a", "}q\x00U\x01xh\x00s", "cm\nC\n)\x81q\x00}U\x01xh\x00sb"]) {
    await expect(open(torchZip(pickle(body)))).rejects.toThrow(/holds no state dict/);
  }
});

/** A module whose children are the given pieces of pickle. */
const moduleOf = (children: readonly (readonly [string, string])[], parameters = "}"): string =>
  `cm\nNet\n)\x81${pickled.dict([
    ["_parameters", parameters],
    ["_buffers", "}"],
    ["_modules", pickled.dict(children)],
  ])}b`;

test("modules that share their children over and over reach a limit", async () => {
  let body = moduleOf([], pickled.dict([["w", pickled.tensor({ elements: 1, shape: [1], strides: [1] })]]));
  for (let i = 0; i < 50; i++) {
    const index = String.fromCharCode(i);
    body = `${body}q${index}0${moduleOf([
      ["a", `h${index}`],
      ["b", `h${index}`],
    ])}`;
  }
  await expect(open(torchZip(pickle(body), { 0: new Uint8Array(4) }))).rejects.toMatchObject({ code: "limit" });
});

test("a module that contains itself reaches a limit", async () => {
  const body = `cm\nNet\n)\x81q\x00${pickled.dict([
    ["_parameters", "}"],
    ["_buffers", "}"],
    ["_modules", pickled.dict([["self", "h\x00"]])],
  ])}b`;
  await expect(open(torchZip(pickle(body)))).rejects.toMatchObject({ code: "limit" });
});

test("copying one list into a million sets reaches a limit", async () => {
  const list = `](${"N".repeat(5000)}eq\x00`;
  const copies = "cbuiltins\nset\nh\x00\x85R0".repeat(5000);
  await expect(open(torchZip(pickle(`${list}${copies}N`)))).rejects.toMatchObject({ code: "limit" });
});

test.each([
  ["an element past the storage", { elements: 4, shape: [5], strides: [1] }, /reaches element 4 of a storage of 4/],
  ["a stride past the storage", { elements: 4, shape: [2, 2], strides: [3, 1] }, /reaches element 4/],
  ["an offset past the storage", { elements: 4, offset: 1, shape: [4], strides: [1] }, /reaches element 4/],
  ["an offset that overflows", { elements: 4, offset: 2 ** 53 - 1, shape: [2], strides: [1] }, /reaches element/],
  ["a shape that overflows", { elements: 4, shape: [2 ** 40, 2 ** 40], strides: [0, 0] }, /too large to be real/],
  ["a negative stride", { elements: 4, shape: [2], strides: [-1] }, /malformed shape/],
  ["a negative size", { elements: 4, shape: [-2], strides: [1] }, /malformed shape/],
  ["strides of another rank", { elements: 4, shape: [2, 2], strides: [1] }, /malformed shape/],
  ["a storage larger than its file", { elements: 400, shape: [300], strides: [1] }, /reaches element 299/],
  ["a storage that is not there", { key: "7", elements: 4, shape: [4], strides: [1] }, /"a\/data\/7" is missing/],
  ["a storage outside the folder", { key: "../x", elements: 4, shape: [4], strides: [1] }, /is missing/],
  ["one number repeated to a petabyte", { elements: 4, shape: [2 ** 48], strides: [0] }, /expands to/],
  ["a quantised storage", { elements: 4, shape: [4], strides: [1], type: "QInt8Storage" }, /storage type QInt8Storage/],
])("a tensor with %s is refused", async (_, tensor, message) => {
  const file = torchZip(pickle(pickled.dict([["w", pickled.tensor(tensor)]])), { 0: new Uint8Array(16) });
  await expect(open(file)).rejects.toThrow(message);
});
