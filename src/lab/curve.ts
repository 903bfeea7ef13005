/** Loss and accuracy while a network learns. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** More points than this are not told apart in a picture. */
const MAX_POINTS = 60;

/** Collects what training reports step by step. */
export interface CurveRecorder {
  readonly add: (point: CurvePoint) => void;
  /** Means over stretches of steps, each at its last step. */
  readonly points: () => CurvePoint[];
}

export function createCurveRecorder(): CurveRecorder {
  const all: CurvePoint[] = [];
  return {
    add: (point) => all.push(point),
    points: () => {
      const stretch = Math.max(1, Math.ceil(all.length / MAX_POINTS));
      return Array.from({ length: Math.ceil(all.length / stretch) }, (_, i) => {
        const some = all.slice(i * stretch, (i + 1) * stretch);
        const mean = (of: (point: CurvePoint) => number): number =>
          some.reduce((sum, point) => sum + of(point), 0) / some.length;
        return {
          step: some[some.length - 1].step,
          loss: mean(({ loss }) => loss),
          accuracy: mean(({ accuracy }) => accuracy),
        };
      });
    },
  };
}
