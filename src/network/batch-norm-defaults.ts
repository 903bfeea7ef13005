/** Added to the variance before the root, in ONNX and PyTorch alike. */
export const USUAL_EPSILON = 1e-5;

/** ONNX's momentum is the share of a running statistic that stays; PyTorch's (0.1) the share that is replaced. */
export const USUAL_MOMENTUM = 0.9;
