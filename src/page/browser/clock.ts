/** Time in the browser: milliseconds since 1970. */
export function wallTime(): number {
  return Date.now();
}

/** Runs `action` again and again, until what it answers is called; not while nobody sees the page. */
export function each(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) action();
  }, milliseconds);
  return () => clearInterval(timer);
}
