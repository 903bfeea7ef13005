import type { FloatDType } from "../tensor/dtype.js";

export interface MergeAdaptersOptions {
  /** Id of one of `ADAPTER_METHODS`; `svd` unless told. */
  readonly method?: string;
  /** One an adapter, of either sign; 1 unless told. */
  readonly weights?: readonly number[];
  /** Share of elements that stay, in (0, 1]; needed by methods that thin out, and by no others. */
  readonly density?: number;
  /** Of the result, where changes are cut to a rank; the largest of the adapters' unless told. */
  readonly rank?: number;
  /** How the sign of an element is elected, for TIES: by the sum of the values (default), or by the count of adapters. */
  readonly election?: "total" | "frequency";
  /** Of the factors; the widest of the adapters' unless told. */
  readonly dtype?: FloatDType;
  /** Of random choices; 0 unless told. */
  readonly seed?: number;
}
