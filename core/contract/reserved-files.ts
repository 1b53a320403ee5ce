/** Names under which arguments and outputs that lie apart are downloaded. No file of a caller can be called so. */
export const reservedFiles = { arguments: '.arguments', output: '.output' } as const
