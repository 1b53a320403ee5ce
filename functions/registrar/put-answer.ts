const answerMostMs = 10_000

/** The address is signed for no content type at all, and a text body would bring one. */
export async function putAnswer(url: string, body: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': '' },
    body: new TextEncoder().encode(body),
    signal: AbortSignal.timeout(answerMostMs),
  })
  if (!answer.ok) throw new Error(`the answer to CloudFormation was not taken: ${answer.status}`)
}
