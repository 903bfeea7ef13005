import type { Chosen } from "../settings/lab-settings.js";

/** ` (t 0.3)` behind the name of a plug-in whose parameters were given. */
export const paramsText = ({ params }: Chosen): string => {
  const pairs = Object.entries(params).map(([name, value]) => `${name} ${value}`);
  return pairs.length === 0 ? "" : ` (${pairs.join(", ")})`;
};

/** An id that tells one method with other parameters apart. */
export const namedId = ({ id, params }: Chosen): string =>
  [id, ...Object.entries(params).map(([name, value]) => `${name}=${value}`)].join("-");
