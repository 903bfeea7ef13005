import { OnebasinError } from "../../core/errors.js";
import { quoted } from "../file-errors.js";
import { globalName, type PickleGlobal } from "./values.js";

/** Modules whose only use in a pickle is an attack: files, processes, the network, the interpreter itself. */
const REFUSED_MODULES: ReadonlySet<string> = new Set(
  `os posix nt posixpath ntpath sys subprocess commands popen2 pty shutil socket socketserver ssl select signal
  importlib imp runpy pkgutil zipimport pip ensurepip venv codeop pdb bdb timeit profile cProfile ctypes _ctypes cffi
  mmap multiprocessing _multiprocessing threading _thread concurrent asyncio webbrowser urllib urllib2 urllib3 http
  httplib requests httpx aiohttp ftplib smtplib telnetlib poplib imaplib xmlrpc pickle _pickle cPickle cloudpickle
  dill marshal shelve tempfile fileinput linecache`.split(/\s+/),
);

/** Dangerous names inside modules that are harmless otherwise; `builtins` is called `__builtin__` by Python 2. */
const REFUSED_NAMES: ReadonlySet<string> = new Set([
  ...["builtins", "__builtin__"].flatMap((module) =>
    `eval exec execfile compile open file input raw_input getattr setattr delattr hasattr vars globals locals dir
    __import__ __build_class__ breakpoint apply map filter reduce exit quit`
      .split(/\s+/)
      .map((name) => `${module}.${name}`),
  ),
  "operator.attrgetter",
  "operator.methodcaller",
  "operator.itemgetter",
  "functools.reduce",
  "types.FunctionType",
  "types.CodeType",
  "types.LambdaType",
  "torch.hub.load",
  "torch.load",
  "torch.storage._load_from_bytes",
  "numpy.load",
]);

/**
 * Functions and classes that a pickle may "call". The call only records its arguments; a few (dicts, sets, text
 * to bytes) give the value they describe.
 */
const ALLOWED_CALLS: ReadonlySet<string> = new Set([
  ...["builtins", "__builtin__"].flatMap((module) =>
    ["set", "frozenset", "bytearray", "bytes", "complex", "range", "xrange", "slice", "object", "list", "dict", "tuple"]
      .concat(["int", "float", "bool", "str"])
      .map((name) => `${module}.${name}`),
  ),
  "copyreg._reconstructor",
  "copy_reg._reconstructor",
  "_codecs.encode",
  "collections.OrderedDict",
  "collections.defaultdict",
  "collections.Counter",
  "collections.deque",
  "argparse.Namespace",
  "types.SimpleNamespace",
  "functools.partial",
  "pathlib.PurePath",
  "pathlib.PurePosixPath",
  "pathlib.PureWindowsPath",
  "pathlib.Path",
  "pathlib.PosixPath",
  "pathlib.WindowsPath",
  "pathlib._local.PurePosixPath",
  "pathlib._local.PosixPath",
  "pathlib._local.WindowsPath",
  "datetime.datetime",
  "datetime.date",
  "datetime.time",
  "datetime.timedelta",
  "datetime.timezone",
  "decimal.Decimal",
  "fractions.Fraction",
  "uuid.UUID",
  ...["numpy.core", "numpy._core"].flatMap((module) => [
    `${module}.multiarray._reconstruct`,
    `${module}.multiarray.scalar`,
    `${module}.numeric._frombuffer`,
  ]),
  "numpy.dtype",
  "numpy.ndarray",
  "numpy.random._pickle.__randomstate_ctor",
  "numpy.random._pickle.__generator_ctor",
  "numpy.random._pickle.__bit_generator_ctor",
  ...[
    "_rebuild_tensor",
    "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "_rebuild_qtensor",
    "_rebuild_sparse_tensor",
    "_rebuild_sparse_csr_tensor",
    "_rebuild_nested_tensor",
    "_rebuild_meta_tensor_no_storage",
    "_rebuild_wrapper_subclass",
    "_rebuild_device_tensor_from_numpy",
    "_rebuild_device_tensor_from_cpu_tensor",
  ].map((name) => `torch._utils.${name}`),
  "torch._tensor._rebuild_from_type",
  "torch._tensor._rebuild_from_type_v2",
  "torch.tensor._rebuild_from_type",
  "torch.tensor._rebuild_from_type_v2",
  "torch.Size",
  "torch.device",
  "torch.serialization._get_layout",
  "torch.jit._pickle.build_intlist",
  "torch.jit._pickle.build_doublelist",
  "torch.jit._pickle.build_boollist",
  "torch.jit._pickle.build_tensorlist",
  "torch.jit._pickle.build_tensor_from_id",
  "torch.jit._pickle.restore_type_tag",
]);

/**
 * The symbol for a name in a pickle, whatever it stands for, unless it belongs to a module that only attacks use.
 *
 * @throws `unsafe-file`
 */
export function pickleGlobal(module: string, name: string, fileName: string): PickleGlobal {
  const global: PickleGlobal = { type: "global", module, name };
  // Protocol 4 allows dotted names, which walk attributes: `torch.serialization` + `os.system`.
  const parts = name.split(".");
  const reaches = parts.length > 1 && parts.some((part) => REFUSED_MODULES.has(part) || part.startsWith("__"));
  if (reaches || REFUSED_MODULES.has(module.split(".")[0]) || REFUSED_NAMES.has(globalName(global))) {
    throw unsafeGlobal(global, fileName);
  }
  return global;
}

/** @throws `unsafe-file` unless the global is on the list of things that only build data */
export function checkCallable(global: PickleGlobal, fileName: string): void {
  if (!ALLOWED_CALLS.has(globalName(global))) throw unsafeGlobal(global, fileName);
}

function unsafeGlobal(global: PickleGlobal, fileName: string): OnebasinError {
  const symbol = globalName(global);
  const shown = /^[\w.<>]{1,100}$/.test(symbol) ? symbol : quoted(symbol);
  return new OnebasinError("unsafe-file", `${fileName} asks to run ${shown}. Nothing was run.`, {
    hint:
      "If you trust where the file comes from, load it in Python and save only the numbers: " +
      "torch.save(model.state_dict(), path). If you do not, delete it.",
    details: { name: fileName, global: symbol },
  });
}
