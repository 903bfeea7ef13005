/** A way to make one adapter of several. */
export interface AdapterMethod {
  readonly id: string;
  /**
   * What is combined: the `factors` of each module, A with A and B with B, which needs equal ranks; their `change`,
   * scale · B·A, which is then cut to a rank; or nothing, the factors `stacked` side by side.
   */
  readonly on: "factors" | "change" | "stacked";
  /** Id of the merge method by which tensors are combined. */
  readonly by: string;
  /** Whether tensors are thinned out first, to a density. */
  readonly thins: boolean;
  readonly doc: string;
}

const LINEAR = { by: "task_arithmetic", thins: false };
const TIES = { by: "ties", thins: true };
const DARE_LINEAR = { by: "dare_linear", thins: true };
const DARE_TIES = { by: "dare_ties", thins: true };
const MAGNITUDE = { by: "magnitude_prune", thins: true };

/** Named as PEFT names them. */
export const ADAPTER_METHODS: readonly AdapterMethod[] = [
  { id: "linear", on: "factors", ...LINEAR, doc: "A = Σ ±√|wᵢsᵢ|·Aᵢ, B likewise: quick and rough" },
  { id: "cat", on: "stacked", ...LINEAR, doc: "all factors side by side: exact, the ranks add up" },
  { id: "svd", on: "change", ...LINEAR, doc: "Σ wᵢsᵢ·BᵢAᵢ, cut to --rank: the nearest of that rank" },
  { id: "ties", on: "factors", ...TIES, doc: "TIES on each factor" },
  { id: "ties_svd", on: "change", ...TIES, doc: "TIES on the changes, cut to --rank" },
  { id: "dare_linear", on: "factors", ...DARE_LINEAR, doc: "each element kept at random, then as linear" },
  { id: "dare_linear_svd", on: "change", ...DARE_LINEAR, doc: "the same on the changes, cut to --rank" },
  { id: "dare_ties", on: "factors", ...DARE_TIES, doc: "each element kept at random, then the signs of TIES" },
  { id: "dare_ties_svd", on: "change", ...DARE_TIES, doc: "the same on the changes, cut to --rank" },
  { id: "magnitude_prune", on: "factors", ...MAGNITUDE, doc: "only the largest elements, then as linear" },
  { id: "magnitude_prune_svd", on: "change", ...MAGNITUDE, doc: "the same on the changes, cut to --rank" },
];
