/** What there is to do, as far as it decides the number of threads. */
export interface Workload {
  /** To be read. */
  readonly bytes: number;
  /** Bytes of buffers that each thread needs. */
  readonly memoryPerJob: number;
}
