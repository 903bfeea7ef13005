import type { DType } from "../../tensor/dtype.js";
import type { Shape } from "../../tensor/shape.js";
import type { Rows } from "../expression/expression.js";
import type { Pass } from "../expression/program.js";
import type { MatrixSize } from "../matrix-method.js";
import type { RowRun } from "../row-run.js";

/**
 * Elements of one granule: the unit of reading and of partial results. Fixed, because partial sums are joined granule
 * by granule: the same whatever the number of threads. Large, because each read costs the same beside its bytes.
 */
export const GRANULE = 2 ** 18;

/** Elements of one job, about: enough that handing it out costs nothing beside it, few enough to balance. */
const JOB_ELEMENTS = 2 ** 22;

/** Granules of one job, of so many elements each. */
export const jobGranules = (granule: number): number => Math.max(1, Math.floor(JOB_ELEMENTS / granule));

/** Where a job reads a tensor from; sources are numbered across all checkpoints of a run. */
export interface InputRef {
  readonly source: number;
  /** Byte position of the first element. */
  readonly offset: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** In elements; absent when contiguous. */
  readonly strides?: readonly number[];
  /** Of a table that is put together from several places; then offset and strides do not count. */
  readonly rows?: readonly RowRun[];
}

/** Where a job writes; files are numbered across the output. */
export interface OutputRef {
  readonly file: number;
  /** Byte position of the tensor's first element. */
  readonly position: number;
  readonly dtype: DType;
}

/** A method on one matrix, as plain data; a thread finds the method by its id. */
export interface MatrixWork extends MatrixSize {
  readonly key: string;
  /** Id. */
  readonly method: string;
  readonly weights: readonly number[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly each: readonly Readonly<Record<string, unknown>>[];
  /** Whether the input behind the models is the base. */
  readonly hasBase: boolean;
  /** Files of the inputs behind these: the models' statistics. */
  readonly statistics: readonly string[];
}

/** A piece of work on elements [start, end) of one tensor; `start` is a multiple of `granule`. Plain data. */
export interface Job {
  readonly inputs: readonly InputRef[];
  readonly start: number;
  readonly end: number;
  readonly output?: OutputRef;
  /** Bytes of one element, to be written for every element. */
  readonly constant?: Uint8Array;
  /** Absent: the constant is written, or the bytes of the first input are copied as they are. */
  readonly compute?: {
    readonly pass: Pass;
    readonly scalars: readonly number[];
    readonly precision: "f32" | "f64";
    /** Inputs whose NaN and infinities are counted: each in the first sweep that reads it. */
    readonly checked: readonly number[];
    /** For each `take` of the pass: how many elements equal to its threshold this job may keep. */
    readonly quotas: readonly number[];
    /** Present when the granules hold whole rows. */
    readonly rows?: Rows;
    /** By place in `pass.kept`: what an earlier pass kept of the same elements, or where this one is to keep it. */
    readonly kept: readonly Uint8Array[];
  };
  /** Present where a method takes the whole tensor as one matrix: the job is then the whole tensor. */
  readonly matrix?: MatrixWork;
  /** Elements of one granule; `GRANULE`, or the whole rows nearest to it. */
  readonly granule: number;
  /** Whether the CRC-32 of the written bytes is wanted. */
  readonly checksum: boolean;
}

export interface JobResult {
  /** Rows, one a granule, of one number a reduction slot. A flat list: nested ones are slow to hand between threads. */
  readonly partials: Float64Array;
  /** By input: how many elements are NaN or infinite; empty when not counted. */
  readonly nonFinite: readonly number[];
  readonly crc32: number;
  /** For each tally of the pass: pairs (digit, count) of the digits that occur, in their order. */
  readonly tallies: readonly Uint32Array[];
}

/** What a job gives that computes no pass, beside its checksum. */
export const NO_PASS = { partials: new Float64Array(0), nonFinite: [], tallies: [] } as const;

/** How a job reaches bytes: a file descriptor, a `Blob`, memory. May answer at once or later. */
export interface JobIO {
  /** Fills the target. */
  readInto(source: number, offset: number, target: Uint8Array): void | Promise<void>;
  write(file: number, position: number, bytes: Uint8Array): void | Promise<void>;
}

/** Runs jobs, several at a time. */
export interface JobBackend {
  /** How many jobs should be under way to keep it busy. */
  readonly concurrency: number;
  run(job: Job): Promise<JobResult>;
  close(): Promise<void>;
}
