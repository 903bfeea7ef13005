/**
 * A test for keys by pattern: `*` stands for any run of characters (dots too), `?` for one; everything else for
 * itself. Matching takes O(pattern · key), whatever the pattern.
 */
export function globMatcher(pattern: string): (key: string) => boolean {
  return (key) => {
    let [p, k] = [0, 0];
    // Where to resume when what follows the last star does not fit: one character later.
    let [star, resume] = [-1, 0];
    while (k < key.length) {
      if (pattern[p] === "*") {
        star = p++;
        resume = k;
      } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === key[k])) {
        p++;
        k++;
      } else if (star >= 0) {
        p = star + 1;
        k = ++resume;
      } else {
        return false;
      }
    }
    while (pattern[p] === "*") p++;
    return p === pattern.length;
  };
}
