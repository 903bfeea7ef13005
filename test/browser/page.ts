/** What the page of the test runs: merges, compares and saves with the library for pages, on what the server serves. */
import * as onebasin from "../../src/browser/index.js";

declare global {
  interface Window {
    readonly onebasin: typeof onebasin;
  }
}

Object.assign(window, { onebasin });
