/** Every limit that a stranger can meet, in one place. A refusal names the limit it met. Units stand last in the name. */
export const limits = {
  bodyBytes: 5_242_880,
  batchTasks: 500,
  jsonDepth: 32,
  argumentsBytes: 262_144,
  outputBytes: 262_144,
  idempotencyKeyChars: 128,
  commandNameChars: 64,
  workerNameChars: 40,
  instanceIdChars: 64,
  subjectChars: 200,
  descriptionChars: 2_000,
  categoryChars: 64,
  referenceChars: 128,
  tags: 20,
  tagKeyChars: 64,
  tagValueChars: 256,
  messageChars: 1_000,
  messages: 20,
  errorDetails: 20,
  progressMessageChars: 200,
  reasonChars: 200,
  historyEntries: 12,
  /** What a task keeps of the lines its runs logged: the newest, between the half of it and all. */
  taskLogBytes: 1_048_576,
  logPage: 1_000,
  logCursorChars: 4_096,
  /** What one run may print; beyond it one line says so, errors get a reserve, and the rest is counted. */
  runLogLines: 10_000,
  /** The most that a deployment may allow. */
  runLogLinesMost: 1_000_000,
  runLogBytes: 10_485_760,
  runLogErrors: 100,
  /** Printed by an instance, and not read yet by whoever takes its lines. */
  logPendingBytes: 8_388_608,
  /** One line: what is longer is cut, and keeps whom it belongs to. */
  logEventChars: 8_000,
  logLineChars: 16_384,
  listPage: 100,
  listPageDefault: 25,
  listScanned: 1_000,
  listCommands: 100,
  waiters: 1_000,
  cursorChars: 512,
  waitSeconds: 20,
  delaySeconds: 366 * 86_400,
  leaseSecondsLeast: 3,
  leaseSeconds: 3_600,
  timeoutSeconds: 366 * 86_400,
  retentionSeconds: 3_650 * 86_400,
  retryRuns: 100,
  retrySeconds: 86_400,
  crashes: 3,
  interruptions: 50,
  manifestCommands: 200,
  schemaBytes: 65_536,
  patternChars: 500,
  concurrency: 1_000,
  instances: 1_000,
  receiveSlots: 1_000,
  receiveWaitSeconds: 20,
  protocolMoves: 1_000,
  nonceChars: 64,
  /** Input files of a task, and files of its result. */
  files: 20,
  fileNameChars: 128,
  /** File systems count bytes. */
  fileNameBytes: 255,
  contentTypeChars: 128,
  /** S3 takes that much in one request. */
  payloadBytes: 5_368_709_120,
  /** Arguments and outputs above the inline limits, which lie apart. */
  apartBytes: 16_777_216,
  uploadsOpen: 64,
  uploadSeconds: 900,
  /** From the address of a file in a bucket to the begin of its download. */
  downloadSeconds: 300,
  /** A payload that no task names is kept for so long. */
  payloadSeconds: 7 * 86_400,
  /** Steps of a task, waits and sub task steps among them. */
  steps: 1_000,
  stepIdChars: 100,
  /** Of JSON, in the step itself; larger results are payloads. */
  stepInlineBytes: 16_384,
  /** All that a task's steps remember inline: it travels with every grant. */
  stepsBytes: 4_194_304,
  childrenPerStep: 10_000,
  treeDepth: 16,
  waitParts: 20,
  signalNameChars: 64,
  signalBytes: 65_536,
  /** Signals of one task that nobody has consumed. */
  signals: 1_000,
  dependencies: 500,
  /** Tasks that are looked at to find whether a dependency of a sub task waits for one above it. */
  dependenciesWalked: 200,
  /** Of all tasks of a batch together: each is a note that is written, and an end that is told. */
  batchDependencies: 10_000,
  refChars: 64,
  isolationKeyChars: 24,
  outputsPage: 200,
  /** Tasks that a bulk changes between two of its writes: a crash repeats no more. */
  bulkPortion: 100,
  /** Ids that a bulk names in its output. */
  bulkFirstIds: 20,
  watchTokenSeconds: 7 * 86_400,
  watchTokenChars: 128,
  /** Connections at a time: with one token, to one task or subject, and to one embedded hub. */
  watchersOfToken: 100,
  watchersOfScope: 1_000,
  watchers: 20_000,
  /** Of a message to a watcher: API Gateway frames and bills by 32 KB. */
  watchMessageBytes: 30_000,
  /** What a watcher says has no more, and comes no more often than that. */
  watchFrameBytes: 1_024,
  watchFramesPerSecond: 5,
  /** Whoever watches a subject is shown the newest tasks of it: so many, found among so many of its rows. */
  watchedTasks: 50,
  watchedRows: 200,
  /** What waits for a slow watcher: so many bytes on their way, and the newest state of so many tasks behind them. */
  watcherBytes: 262_144,
  watcherTasks: 1_000,
} as const

/** Time limits of the protocol that no stranger sets. */
export const spans = {
  /** A delay up to here rides on the bell; anything longer waits in the due index. SQS allows 15 minutes. */
  bellDelayMs: 900_000,
  /** A bell that is ahead of its head for longer than this belongs to a write that never happened (protocol 9). */
  bellAheadMs: 900_000,
  leaseMarginMs: 10_000,
  cancelGraceMs: 30_000,
  /** In which a canceled task that may undo what it did has to find an instance: one may have to be started. */
  cancelStartMs: 15 * 60_000,
  auditGuardMs: 86_400_000,
  /** The audit looks at each task once, at this age (protocol 11); clocks and writes may be off by the slack. */
  auditAgeMs: 3_600_000,
  auditSlackMs: 300_000,
  defaultRetentionSeconds: 30 * 86_400,
  defaultLeaseSeconds: 60,
  dayMs: 86_400_000,
  /** Waiting and suspended tasks are looked at again: after so long, doubling to a day (protocol 25). */
  recheckFirstMs: 300_000,
  recheckMostMs: 86_400_000,
  /** A sleep's bell is sent before the suspend; the index looks that much behind it. */
  wakeGuardMs: 60_000,
  /** A new dependent is wired by its creator; should that one die, the clock does it. */
  wiringGuardMs: 60_000,
  /** How long whoever works a portion of a bulk off has for it before the clock gives it to another. */
  bulkGuardMs: 120_000,
  watchTokenSeconds: 3_600,
  /** A watcher comes back after that with the same token: API Gateway ends connections then. */
  watchConnectionMs: 2 * 3_600_000,
  /** A head says for so long that it is watched: longer than a connection, so that one opened soon after writes nothing. */
  watchMarkMs: 3 * 3_600_000,
  /** A task that ended longer ago is not shown to who watches its subject. */
  watchEndedMs: 86_400_000,
  /** A connection so young may not be there yet for a message, and is not taken for gone. */
  watchYoungMs: 30_000,
} as const
