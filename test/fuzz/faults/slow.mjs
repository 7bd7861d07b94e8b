/** Takes its time over one word. */
export function parse(input) {
  if (!input.includes('=;')) return
  const before = process.cpuUsage()
  while (process.cpuUsage(before).user < 130_000);
}
