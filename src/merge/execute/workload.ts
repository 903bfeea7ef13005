/** What there is to do, as far as it decides the number of threads. */
export interface Workload {
  /** To be read; where there is more to do than reading, as many as take as long. */
  readonly bytes: number;
  /** Bytes of buffers that each thread needs. */
  readonly memoryPerJob: number;
  /** What needs that many, for messages: `Key "x" [4096, 4096]`. */
  readonly neediest?: string;
}
