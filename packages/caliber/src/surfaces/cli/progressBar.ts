import type { ImportProgress } from './importFile.ts'

export interface ProgressBar {
  update(progress: ImportProgress): void
  stop(): void
}

/** Show on standard error how far a file has been read. @param totalBytes undefined where nobody knows, as of a pipe */
export async function showProgress(name: string, totalBytes: number | undefined): Promise<ProgressBar> {
  const { default: progress } = await import('cli-progress')
  const known = totalBytes !== undefined && totalBytes > 0
  const bar = new progress.SingleBar({
    stream: process.stderr,
    format: known
      ? '{name} {bar} {percentage}%  {turns} turns  {duration_formatted}'
      : '{name}  {turns} turns  {duration_formatted}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    // Ctrl-C ends after the chunk under way, which is not the bar's to decide.
    gracefulExit: false,
  })
  bar.start(known ? totalBytes : 1, 0, { name, turns: 0 })
  return {
    update: ({ bytesRead, turns }) => bar.update(known ? bytesRead : 0, { turns }),
    stop: () => bar.stop(),
  }
}
