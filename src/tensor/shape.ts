/** Sizes of the axes, outermost first, as PyTorch orders them. A scalar has none. */
export type Shape = readonly number[];

/** Number of elements; 1 for a scalar, 0 when any axis is empty. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Strides, in elements, of a tensor stored row by row without gaps. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[64, 3, 3, 3]`, as messages show shapes. */
export function shapeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
