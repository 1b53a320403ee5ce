/** Who is who in a test: what histories and envelopes show. */

/** Hosts the command under test. */
export const testWorker = 'test'
export const testInstance = `${testWorker}-1`
/** Hosts what its sub tasks ask for. */
export const standInWorker = 'stand-ins'
/** Submits, cancels and sends signals. */
export const tester = 'tester'
