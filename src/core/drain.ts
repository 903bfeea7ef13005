/** Runs an async generator to its end: each event goes to the listener, what it returns is given back. */
export async function drain<Event, Report>(
  events: AsyncGenerator<Event, Report>,
  onEvent?: (event: Event) => void,
): Promise<Report> {
  let next = await events.next();
  while (!next.done) {
    onEvent?.(next.value);
    next = await events.next();
  }
  return next.value;
}
