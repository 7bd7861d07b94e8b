/** Every limit and default, once. Schemas, SQL checks, readers and docs follow this table. */
export const limits = {
  /** UTF-16 units of a turn's or artifact revision's content. */
  contentChars: 1_000_000,
  /** UTF-16 units of a note. */
  noteChars: 20_000,
  nameChars: 500,
  goalChars: 20_000,
  typeChars: 50,
  reasonChars: 2_000,
  queryChars: 20_000,
  systemChars: 200_000,
  keyChars: 200,
  turnsPerAppend: 500,
  toolsPerTurn: 256,
  sourcesPerItem: 100,
  /** Live notes on its subject that a new note is compared with, newest first. */
  notesCompared: 100,
  pinsPerContext: 100,
  /** Ids that one forgetting names, and items that it takes with all that is derived from them. */
  idsPerForget: 1_000,
  itemsPerForget: 100_000,
  /** Stays in the log for good. */
  forgetReasonChars: 200,
  /** Regions of one tenant: each statement looks through those that its principal may read. */
  regionsPerTenant: 1_000,
  /** Regions that a narrowed credential names. */
  regionsPerKey: 16,
  locksPerCall: 16,
  lockResourceChars: 200,
  /** Longest lease; 0011_lock.sql says the same. */
  lockTtlMs: 300_000,
  defaultLockTtlMs: 30_000,
  /** Less than clients wait for an answer. */
  lockWaitMs: 20_000,
  /** Keys that are neither revoked nor expired, per tenant. */
  keysPerTenant: 10_000,
  keyOverlapHours: 168,
  pageItems: 1_000,
  defaultPageItems: 50,
  searchResults: 1_000,
  defaultSearchResults: 10,
  budgetTokens: 10_000_000,
  defaultBudgetTokens: 4_096,
  trajectoryDepth: 32,
  /** UTF-16 units of one chunk of a transcript; longer files travel as several chunks. */
  transcriptChunkChars: 4_000_000,
  /** Malformed lines listed in one answer; the rest is counted. */
  malformedListed: 100,
  /** Longest time that a request may work in the database. */
  requestMs: 120_000,
  /** Levels of nesting in a request. */
  jsonDepth: 64,
  /** Octets of an HTTP or MCP request. */
  requestBytes: 16 * 1024 * 1024,
  /** Characters of a token (JWT), as it stands in the Authorization header. */
  tokenChars: 8 * 1024,
  /** Tokens of one summary, and how long a caller waits for a model to make it. */
  summaryTokens: 160,
  summaryWaitMs: 20_000,
  idempotencyHours: 24,
  windowRetentionDays: 30,
  /** Receipts kept per tenant; the oldest go first. */
  windowsKept: 10_000,
  /**
   * How long what a model made is kept when nobody can ask for it: its text has ended, or no process uses that model. No
   * shorter than windows are: replaying one needs the vectors of what was live then.
   */
  derivedGraceDays: 30,
  /** A hundred years: whoever wants more sets nothing. */
  retentionDays: 36_500,
  /** How long it is kept what models were asked, and the days of it that are shown where none are named. */
  usageRetentionDays: 400,
  defaultUsageDays: 30,
  /** Rows that a sweep deletes in one transaction. */
  rowsPerSweep: 5_000,
} as const
