/** A presigned address is valid for a while from its signing; ours are given by their end. */
export function validUntil(expiresAt: number, seconds: number) {
  return { signingDate: new Date(expiresAt - seconds * 1_000), expiresIn: seconds }
}
