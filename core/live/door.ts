/** What the API needs of a home in which tasks can be watched. Absent where the hub has no endpoint for that. */
export interface LiveDoor {
  /** What a browser opens: the hub's live endpoint, with the token in its query, since browsers can set no headers. */
  readonly urlOf: (request: Request, token: string) => string
  /** 256 bits that nobody can guess, as 43 characters of base64url. */
  readonly newSecret: () => string
  /** Takes a token back and closes what is open with it; false: there is no such token. */
  readonly revoke: (tokenId: string) => Promise<boolean>
}
