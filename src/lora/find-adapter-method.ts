import { unknownName } from "../core/suggest.js";
import { ADAPTER_METHODS, type AdapterMethod } from "./adapter-methods.js";

/** @throws `unknown-name` */
export function findAdapterMethod(id: string): AdapterMethod {
  const ids = ADAPTER_METHODS.map((candidate) => candidate.id);
  const method = ADAPTER_METHODS.find((candidate) => candidate.id === id);
  if (method === undefined) throw unknownName("way to merge adapters called", id, ids);
  return method;
}
