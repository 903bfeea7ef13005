const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** What the model at a place is called when nobody named it: a, b, … z, then m27, m28, … */
export function modelName(place: number): string {
  return LETTERS[place] ?? `m${place + 1}`;
}
