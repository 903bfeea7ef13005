import type { Random } from "../../core/random.js";

/** Uniform in [low, high). */
export const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();

/** Normal with mean 0, at most two deviations out. */
export const clippedNormal = (random: Random, deviation: number): number =>
  deviation * Math.min(2, Math.max(-2, random.normal()));

/** True with the given probability. */
export const chance = (random: Random, probability: number): boolean => random.uniform() < probability;

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
