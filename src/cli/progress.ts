import type { SingleBar } from "cli-progress";
import type { OnProgress, ProgressEvent } from "../core/progress.js";

/** Shorter work shows no bar. */
const PATIENCE_MS = 400;
/** Shorter work prints no lines, which stay: a lone one looks as if the work had stopped there. */
const LINE_PATIENCE_MS = 3000;
/** Without a terminal, a line is printed each time this share of the work is done, */
const LINE_SHARE = 0.1;
/** but not more often than this: short stages follow each other quickly. */
const LINE_PAUSE_MS = 1000;

interface Progress {
  readonly onProgress: OnProgress;
  readonly end: () => void;
}

/** A bar on a terminal, plain lines elsewhere, nothing for work that is over in a moment. */
export function createProgress({ silent }: { readonly silent: boolean }): Progress {
  if (silent) return { onProgress: () => {}, end: () => {} };
  return process.stderr.isTTY ? barProgress() : lineProgress();
}

function lineProgress(): Progress {
  let start: number | undefined;
  let stage = "";
  let printed = 0;
  let printedAt = Number.NEGATIVE_INFINITY;
  return {
    onProgress: (event) => {
      if (event.stage !== stage) {
        stage = event.stage;
        printed = 0;
      }
      const share = event.total === 0 ? 1 : event.done / event.total;
      const now = performance.now();
      start ??= now;
      if (now - start < LINE_PATIENCE_MS || share < printed + LINE_SHARE || now - printedAt < LINE_PAUSE_MS) return;
      printed = share;
      printedAt = now;
      process.stderr.write(`${stage} ${Math.floor(share * 100)} % (${amount(event)})\n`);
    },
    end: () => {},
  };
}

function barProgress(): Progress {
  const start = performance.now();
  const timeLeft = createTimeLeft();
  let bar: SingleBar | undefined;
  let loading = false;
  let latest: ProgressEvent | undefined;
  const open = async (): Promise<void> => {
    loading = true;
    const { default: cliProgress } = await import("cli-progress");
    if (!loading || latest === undefined) return;
    bar = new cliProgress.SingleBar(
      {
        format: "{stage} [{bar}] {percentage} % {amount}{left}",
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      },
      cliProgress.Presets.rect,
    );
    bar.start(latest.total, latest.done, { ...payload(latest), left: timeLeft(latest) });
  };
  return {
    onProgress: (event) => {
      latest = event;
      const left = timeLeft(event);
      if (bar !== undefined) {
        bar.setTotal(event.total);
        bar.update(event.done, { ...payload(event), left });
      } else if (!loading && performance.now() - start > PATIENCE_MS) void open();
    },
    end: () => {
      bar?.stop();
      bar = undefined;
      loading = false;
    },
  };
}

/** Time that must have passed before it says how much is left. */
const LEAST_MS = 2000;

/** Says how long a stage will go on, from how it went since it began: also across lines printed in between. */
export function createTimeLeft(now: () => number = () => performance.now()): (event: ProgressEvent) => string {
  let begun: { readonly stage: string; readonly at: number; readonly done: number } | undefined;
  return ({ stage, done, total }) => {
    if (begun === undefined || begun.stage !== stage || done < begun.done) begun = { stage, at: now(), done };
    const passed = now() - begun.at;
    const made = done - begun.done;
    if (passed < LEAST_MS || made === 0) return "";
    return `, ${formatDuration((passed * (total - done)) / made / 1000)} left`;
  };
}

/** `40 s`, `3 min`, `2.5 h`. */
function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const payload = (event: ProgressEvent): object => ({ stage: event.stage, amount: amount(event) });

function amount({ done, total, unit, note }: ProgressEvent): string {
  const count = unit === "bytes" ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done} of ${total} ${unit}`;
  return note === undefined ? count : `${count}, ${note}`;
}

/** `1.3 GB`, in powers of ten as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
