import type { Adapter, AdapterModule } from "./adapter.js";

/** One adapter's part in a module: its factors and what they count. */
export interface AdapterPart {
  readonly adapter: Adapter;
  readonly module: AdapterModule;
  readonly weight: number;
}
