import { createTensor, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";

/** A tensor whose axes are reordered: place `i` along an axis holds what was at `orders[axis][i]`. */
export function permuteTensor(tensor: Tensor, orders: readonly (readonly number[])[]): Tensor {
  const values = tensorNumbers(tensor);
  const { shape } = tensor;
  const out = values.map((_, place) => {
    let rest = place;
    let from = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += orders[axis][rest % shape[axis]] * stride;
      rest = Math.floor(rest / shape[axis]);
      stride *= shape[axis];
    }
    return values[from];
  });
  return createTensor(tensor.dtype, shape, out);
}
